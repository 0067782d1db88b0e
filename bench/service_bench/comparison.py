"""Rounds of load that alternate between the sides, so that what else the machine does meets all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from service_bench.applications import Running
from service_bench.load import Kind, Load, Sample

WARM_UP_SECONDS = 1


@dataclass(frozen=True)
class Comparison:
    """The rounds of each side, by its name; those with the same index were taken one right after the other."""

    rounds: Mapping[str, tuple[Sample, ...]]

    def median(self, side: str, measure: Callable[[Sample], float]) -> float:
        """The middle round's figure."""
        return median(map(measure, self.rounds[side]))

    def rate_ratio(self, side: str, other: str) -> float:
        """How many times the requests per second of `other`, the median of the rounds' ratios."""
        pairs = zip(self.rounds[side], self.rounds[other], strict=True)
        return median(one.per_second / another.per_second for one, another in pairs)

    def cpu_ratio(self, side: str, other: str) -> float:
        """The rate that CPU time alone would give, relative to `other`: hardly changed by a busy machine."""
        pairs = zip(self.rounds[side], self.rounds[other], strict=True)
        return median(another.cpu / one.cpu for one, another in pairs)


def compare(
    load: Load, sides: Mapping[str, Running], kind: Kind, path: str, *, rounds: int, seconds: int
) -> Comparison:
    """Loads each side in turn, so many rounds of so many seconds, after a short round that does not count."""
    for side in sides.values():
        load.run(side, kind, path, WARM_UP_SECONDS)
    samples: dict[str, list[Sample]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            samples[name].append(load.run(side, kind, path, seconds))
    return Comparison({name: tuple(taken) for name, taken in samples.items()})
