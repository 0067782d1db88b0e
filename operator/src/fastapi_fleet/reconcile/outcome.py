"""What a pass leaves to be done for its key."""

from dataclasses import dataclass
from typing import Literal

from fastapi_fleet.errors import ReconcileError


@dataclass(frozen=True)
class Outcome:
    """`result` labels metrics. `retry`: again with backoff. `again_after`: again after that many seconds."""

    result: Literal["success", "waiting", "invalid", "error"]
    retry: bool = False
    again_after: float | None = None


DONE = Outcome("success")


def outcome_of(problem: ReconcileError | None, again_after: float | None = None) -> Outcome:
    """The outcome of a pass that met `problem`, or went through and wants its next look after `again_after` seconds."""
    if problem is None:
        return Outcome("success", again_after=again_after)
    match problem.next_step:
        case "retry":
            return Outcome("error", retry=True)
        case "wait":
            # What is waited for wakes the pass, unless it cannot be watched: look again now and then, too.
            return Outcome("waiting", retry=True)
        case "give_up":
            return Outcome("invalid")
