"""The command's options."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """`seconds`: of one round of one side. `json_file`: where to write the figures as JSON, None for nowhere."""

    rounds: int
    seconds: int
    connections: int
    starts: int
    profile: bool
    json_file: Path | None


EXAMPLES = """examples:
  python bench/bench_services.py                             all: about 4 minutes
  python bench/bench_services.py --rounds 2 --starts 2       a quick look
  python bench/bench_services.py --profile                   and where the time of a request goes

Exit code: 0 whatever the figures are, 1 when they could not be measured, 2 on a wrong option."""


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Exits with 2 on a wrong option. `arguments`: those of the process by default."""
    parser = argparse.ArgumentParser(
        prog="bench_services.py",
        description="Measures the users service on one core, beside the smallest application that does the same.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--rounds", type=_positive, default=7, metavar="N", help="rounds of each side (default: %(default)s)")
    add("--seconds", type=_positive, default=4, metavar="S", help="length of a round (default: %(default)s)")
    add("--connections", type=_positive, default=32, metavar="N", help="open connections (default: %(default)s)")
    add("--starts", type=_positive, default=5, metavar="N", help="cold starts (default: %(default)s)")
    add("--profile", action="store_true", help="show where the time of a request goes, by py-spy")
    add("--json", type=Path, dest="json_file", metavar="FILE", help="write the figures to FILE as well")
    return Options(**vars(parser.parse_args(arguments)))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number
