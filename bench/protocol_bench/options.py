"""The command's options."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """`calls`: of one round of one protocol. `at_once`: how many are under way. `json_file`: None for nowhere."""

    calls: int
    rounds: int
    at_once: int
    json_file: Path | None


EXAMPLES = """examples:
  eval "$(hack/start-test-backends.sh)"                            the database, first
  python bench/bench_protocols.py                             all: about a minute
  python bench/bench_protocols.py --calls 500 --rounds 1      a quick look

Exit code: 0 whatever the figures are, 1 when they could not be measured, 2 on a wrong option."""


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Exits with 2 on a wrong option. `arguments`: those of the process by default."""
    parser = argparse.ArgumentParser(
        prog="bench_protocols.py",
        description="Measures how orders asks users: gRPC beside HTTP, with the clients and the service as they are.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--calls", type=_positive, default=3000, metavar="N", help="calls of a round (default: %(default)s)")
    add("--rounds", type=_positive, default=3, metavar="N", help="rounds of each protocol (default: %(default)s)")
    add("--at-once", type=_positive, default=8, metavar="N", help="calls under way (default: %(default)s)")
    add("--json", type=Path, dest="json_file", metavar="FILE", help="write the figures to FILE as well")
    return Options(**vars(parser.parse_args(arguments)))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number
