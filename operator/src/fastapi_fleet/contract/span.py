"""From where to where a number, a length or a count may go."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Limit:
    """`open`: the value itself is not reached."""

    value: float
    open: bool = False

    @property
    def is_infinite(self) -> bool:
        return math.isinf(self.value)


@dataclass(frozen=True)
class Span:
    low: Limit = Limit(-math.inf)
    high: Limit = Limit(math.inf)

    def meet(self, other: "Span") -> "Span":
        """Of two limits at the same value the open one is tighter, from either side."""
        return Span(
            max(self.low, other.low),
            min(self.high, other.high, key=lambda limit: (limit.value, not limit.open)),
        )

    def of_integers(self) -> "Span":
        """The same integers, by limits that are reached: more than 0 is at least 1."""
        return Span(Limit(_next_integer(self.low)), Limit(-_next_integer(Limit(-self.high.value, self.high.open))))

    def reaches_below(self, other: "Span") -> bool:
        return self.low < other.low

    def reaches_above(self, other: "Span") -> bool:
        return (self.high.value, not self.high.open) > (other.high.value, not other.high.open)


ANYWHERE = Span()


def _next_integer(low: Limit) -> float:
    if low.is_infinite:
        return low.value
    return math.floor(low.value) + 1 if low.open else math.ceil(low.value)
