"""The command's options."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """`events`: of one round. `seconds`: how long events come at `rate` a second. `json_file`: None for nowhere."""

    events: int
    rounds: int
    rate: int
    seconds: float
    json_file: Path | None


EXAMPLES = """examples:
  hack/bench-events.sh                                    starts the databases and the broker, then all of it
  python bench/bench_events.py                            all: about 2 minutes
  python bench/bench_events.py --events 5000 --rounds 1   a quick look

Exit code: 0 whatever the figures are, 1 when they could not be measured, 2 on a wrong option."""


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Exits with 2 on a wrong option. `arguments`: those of the process by default."""
    parser = argparse.ArgumentParser(
        prog="bench_events.py",
        description="Measures events from one service's outbox through RabbitMQ to their effect in another.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--events", type=_positive, default=20_000, metavar="N", help="events of a round (default: %(default)s)")
    add("--rounds", type=_positive, default=3, metavar="N", help="rounds of each side (default: %(default)s)")
    add("--rate", type=_positive, default=200, metavar="N", help="events a second for latency (default: %(default)s)")
    add("--seconds", type=float, default=20.0, metavar="S", help="for how long they come (default: %(default)s)")
    add("--json", type=Path, dest="json_file", metavar="FILE", help="write the figures to FILE as well")
    return Options(**vars(parser.parse_args(arguments)))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number
