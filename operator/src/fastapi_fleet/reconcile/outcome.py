"""What a pass leaves to be done for its key."""

from dataclasses import dataclass
from typing import Literal

from fastapi_fleet.errors import ReconcileError


@dataclass(frozen=True)
class Outcome:
    """`result` labels metrics. `retry`: again with backoff. `again_after`: again after that many seconds.

    Both: with backoff, and not before that many seconds.
    """

    result: Literal["success", "waiting", "invalid", "error"]
    retry: bool = False
    again_after: float | None = None


DONE = Outcome("success")

WAIT_SECONDS = 15.0
"""What is waited for wakes the pass, unless it carries no label of the operator's: then no watch shows it."""


def outcome_of(problem: ReconcileError) -> Outcome:
    """The outcome of a pass that met `problem`."""
    match problem.next_step:
        case "retry":
            return Outcome("error", retry=True, again_after=problem.retry_after or None)
        case "wait":
            return Outcome("waiting", again_after=WAIT_SECONDS)
        case "give_up":
            return Outcome("invalid")
