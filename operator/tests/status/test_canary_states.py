"""What comes next of a canary: each state, with what may be found beside it."""

from typing import Any, Literal

import pytest
from fastapi_fleet.api.canary_spec import Canary
from fastapi_fleet.api.canary_status import CanaryStatus
from fastapi_fleet.status.canary import CanarySight, due_in, holds_back, is_beside, next_canary
from fastapi_fleet.status.canary_analysis import Verdict
from support.canary_sights import STEPS, deployment, sight, state

ONE_POD, THREE_PODS, NO_POD = deployment("new", 1), deployment("new", 3), deployment("new", 1, available=0)
BOUNDED = Canary.model_validate({**STEPS.model_dump(exclude_none=True), "analysis": {"maxErrorRate": 0.1}})


def analysed(outcome: Literal["within", "breached", "unmeasured"] | None, **fields: Any) -> CanarySight:
    verdict = Verdict(outcome, "as measured") if outcome is not None else None
    return sight(**{"trial": ONE_POD, "canary": BOUNDED, "verdict": verdict, **fields})


FIRST, SECOND = ("Progressing", 1), ("Progressing", 2)
PROMOTING, PROMOTED, ABORTED = ("Promoting", 2), ("Promoted", 2), ("Aborted", 1)

TABLE: dict[str, tuple[CanaryStatus | None, CanarySight, tuple[str, int] | None]] = {
    "nothing new": (None, sight(stable=deployment("new")), None),
    "new revision": (None, sight(), FIRST),
    "new revision before its gates are open": (None, sight(may_run=False), None),
    "new revision that served before": (None, sight(is_proven=True), None),
    "new passwords alone": (None, sight(is_renewal=True), None),
    "new revision where nothing serves": (None, sight(stable=deployment("old", available=0)), None),
    "new revision where nothing is to serve": (None, sight(stable=deployment("old", 0)), None),
    "canary of another revision": (state(revision="other", step=2), sight(), FIRST),
    "promoted before, and now another": (state("Promoted", revision="other", step=2), sight(), FIRST),
    "pods awaited": (state(ago=299), sight(), FIRST),
    "pods awaited too long": (state(ago=300), sight(), ABORTED),
    "pods awaited too long, and there at last": (state(ago=300), sight(trial=ONE_POD), FIRST),
    "gate shut meanwhile": (state(ago=300), sight(may_run=False), FIRST),
    "pods available": (state(available=True, ago=59), sight(trial=ONE_POD), FIRST),
    "pause over": (state(available=True, ago=60), sight(trial=ONE_POD), SECOND),
    "pause over, and a pod lost": (state(available=True, ago=60), sight(trial=NO_POD), FIRST),
    "pause over, and pods of another revision": (
        state(available=True, ago=60),
        sight(trial=deployment("other", 1)),
        FIRST,
    ),
    "last pause over": (state(step=2, replicas=3, available=True, ago=120), sight(trial=THREE_PODS), PROMOTING),
    "fewer steps than were done": (
        state(step=9, replicas=3, available=True, ago=120),
        sight(trial=THREE_PODS),
        ("Promoting", 9),
    ),
    "promotion not written": (state("Promoting", step=2), sight(), PROMOTING),
    "promotion not recorded": (state(step=2), sight(stable=NO_POD), PROMOTING),
    "promotion under way": (state("Promoting", step=2), sight(stable=NO_POD), PROMOTING),
    "promotion complete": (state("Promoting", step=2), sight(stable=THREE_PODS), PROMOTED),
    "promotion complete and not recorded": (state(step=2), sight(stable=THREE_PODS), PROMOTED),
    "promoted": (state("Promoted", step=2), sight(stable=NO_POD), PROMOTED),
    "promoted, and changed by a hand": (state("Promoted", step=2), sight(), PROMOTED),
    "within bounds": (state(available=True, ago=59), analysed("within"), FIRST),
    "within bounds, pause over": (state(available=True, ago=60), analysed("within"), SECOND),
    "out of bounds within the pause": (state(available=True, ago=1), analysed("breached"), ABORTED),
    "out of bounds, pause over": (state(available=True, ago=60), analysed("breached"), ABORTED),
    "out of bounds, and a pod lost": (state(available=True, ago=60), analysed("breached", trial=NO_POD), FIRST),
    "unmeasured": (state(available=True, ago=9999), analysed("unmeasured"), FIRST),
    "not asked": (state(available=True, ago=9999), analysed(None), FIRST),
    "unmeasured, and the pods awaited too long": (state(ago=300), analysed(None, trial=NO_POD), ABORTED),
    "aborted": (state("Aborted", ago=9999), sight(), ABORTED),
    "aborted, and the spec changed": (state("Aborted", generation=1), sight(), FIRST),
    "aborted, and yet running": (state("Aborted"), sight(stable=THREE_PODS), None),
}


@pytest.mark.parametrize(("before", "found", "expected"), TABLE.values(), ids=TABLE.keys())
def test_next_state(before: CanaryStatus | None, found: CanarySight, expected: tuple[str, int] | None) -> None:
    after = next_canary(before, found)
    assert (None if after is None else (after.phase, after.step)) == expected
    assert not (holds_back(after) and after is not None and after.phase == "Promoting")


@pytest.mark.parametrize(
    ("weight", "serving", "pods"), [(1, 3, 1), (10, 10, 1), (25, 3, 1), (50, 3, 3), (50, 1, 1), (20, 20, 5)]
)
def test_pods_are_as_near_to_the_weight_as_whole_ones_come(weight: int, serving: int, pods: int) -> None:
    canary = Canary.model_validate({"steps": [{"weight": weight, "pause": 0}]})
    after = next_canary(None, sight(canary=canary, stable=deployment("old", serving)))
    assert after is not None
    assert after.replicas == pods


DUE = {
    "awaited": (state(ago=100), 200.0),
    "available": (state(available=True, ago=20), 40.0),
    "overdue": (state(available=True, ago=999), 0.0),
    "promoting": (state("Promoting"), None),
    "aborted": (state("Aborted"), None),
    "none": (None, None),
}


@pytest.mark.parametrize(("known", "seconds"), DUE.values(), ids=DUE.keys())
def test_time_of_the_next_look(known: CanaryStatus | None, seconds: float | None) -> None:
    assert due_in(known, sight()) == seconds


@pytest.mark.parametrize(
    ("phase", "held", "beside"),
    [("Progressing", True, True), ("Promoting", False, True), ("Promoted", False, False), ("Aborted", True, False)],
)
def test_what_a_phase_means_for_the_deployments(phase: str, *, held: bool, beside: bool) -> None:
    assert (holds_back(state(phase)), is_beside(state(phase))) == (held, beside)


@pytest.mark.parametrize(("ago", "seconds"), [(0, 10.0), (55, 5.0), (999, 10.0)])
def test_metrics_are_looked_at_all_the_time(ago: int, seconds: float) -> None:
    assert due_in(state(available=True, ago=ago), analysed("unmeasured")) == seconds
