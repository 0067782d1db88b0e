"""The command's options."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Measurement(StrEnum):
    """What `--only` chooses from. BURST is part of every run that needs an operator: it makes the others' services."""

    BARE = "bare"
    BURST = "burst"
    GENTLE = "gentle"
    BACKED = "backed"
    EDIT = "edit"
    NO_OP = "no-op"
    IDLE = "idle"
    RESTART = "restart"
    SOAK = "soak"


USUAL = frozenset(Measurement) - {Measurement.SOAK}
"""What a run measures unless told: a soak takes longer than all the rest."""


class OperatorKind(StrEnum):
    CLUSTER = "cluster"
    PROCESS = "process"


@dataclass(frozen=True)
class Options:
    """`json_file`: where to write the figures as JSON, None for nowhere. `port`: of the operator's own process.

    `changes`: how many edits a soak makes.
    """

    services: int
    only: frozenset[Measurement]
    operator: OperatorKind
    context: str
    namespace: str
    port: int
    changes: int
    json_file: Path | None

    @property
    def stops_installed_operator(self) -> bool:
        """Whether something is measured that the cluster's own operator would take part in."""
        return Measurement.BARE in self.only or self.operator is OperatorKind.PROCESS

    @property
    def needs_operator(self) -> bool:
        return self.only != {Measurement.BARE}


EXAMPLES = """examples:
  python bench/bench_operator.py                             all but a soak, with 300 services: about 8 minutes
  python bench/bench_operator.py --services 30               a quick look
  python bench/bench_operator.py --only bare,burst           throughput and its floor only
  python bench/bench_operator.py --operator process          the work tree's operator, as a process of this machine
  python bench/bench_operator.py --only soak                 10,000 edits: does memory stay flat?
  python bench/bench_operator.py --json build/operator.json  the table as JSON, too

The operator of the cluster is stopped while the floor is measured, and started again however the run ends.
Exit code: 0 whatever the figures are, 1 when they could not be measured, 2 on a wrong option."""


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Exits with 2 on a wrong option. `arguments`: those of the process by default."""
    parser = argparse.ArgumentParser(
        prog="bench_operator.py",
        description="Measures the operator: throughput, latency, writes, CPU and memory, next to a bare loop.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--services", type=_positive, default=300, metavar="N", help="FastAPIServices to make (default: 300)")
    add("--only", type=_measurements, default=USUAL, metavar="LIST", help=_ONLY_HELP)
    add("--operator", type=OperatorKind, choices=list(OperatorKind), default=OperatorKind.CLUSTER, help=_OPERATOR_HELP)
    add("--context", default="kind-fastapi-fleet", help="context of the kubeconfig (default: %(default)s)")
    add("--namespace", default="fleet-bench", help="made for the run and removed after it (default: %(default)s)")
    add("--port", type=_positive, default=18082, help="HTTP port for --operator process (default: %(default)s)")
    add("--changes", type=_positive, default=10_000, metavar="N", help="edits of a soak (default: %(default)s)")
    add("--json", type=Path, dest="json_file", metavar="FILE", help="write the figures to FILE as well")
    return Options(**vars(parser.parse_args(arguments)))


_ONLY_HELP = f"comma-separated, of: {', '.join(Measurement)} (default: all but soak)"
_OPERATOR_HELP = "the cluster's own (default), or a process started from this work tree"


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def _measurements(text: str) -> frozenset[Measurement]:
    try:
        return frozenset(Measurement(name.strip()) for name in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}: choose from {', '.join(Measurement)}") from None
