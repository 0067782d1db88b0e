"""How much of an HTTPRoute a canary has: each state, with what may be found beside it."""

from typing import Any

import pytest
from fastapi_fleet.api.canary_spec import Canary
from fastapi_fleet.api.canary_status import CanaryStatus
from fastapi_fleet.status.canary import CanarySight, next_canary
from support.canary_sights import deployment, sight, state

STEPS = Canary.model_validate({"steps": [{"weight": 10, "pause": 60}, {"weight": 75, "pause": 60}]})
ONE, THREE = deployment("new", 1), deployment("new", 3)
NONE_OF_ONE, ONE_OF_THREE = deployment("new", 1, available=0), deployment("new", 3, available=1)
GROWING = {**ONE, "metadata": {**ONE["metadata"], "generation": 2}, "spec": {"replicas": 3}}


def routed(**fields: Any) -> CanarySight:
    return sight(**{"canary": STEPS, "by_route": True, **fields})


def first(**fields: Any) -> CanaryStatus:
    return state(**{"weight": 10, "route_weight": 0, **fields})


def second(**fields: Any) -> CanaryStatus:
    return state(**{"step": 2, "weight": 75, "replicas": 3, **fields})


SERVING: dict[str, Any] = {"available": True, "route_weight": 10}
LAST: dict[str, Any] = {"available": True, "route_weight": 75}

TABLE: dict[str, tuple[CanaryStatus | None, CanarySight, int | None]] = {
    "new revision": (None, routed(), 0),
    "new revision without a route": (None, sight(canary=STEPS), None),
    "pods awaited": (first(), routed(trial=NONE_OF_ONE), 0),
    "pods there": (first(), routed(trial=ONE), 10),
    "pause over": (first(**SERVING, ago=60), routed(trial=ONE), 10),
    "pods of the second step awaited": (second(route_weight=10), routed(trial=GROWING), 10),
    "pods of the second step there": (second(route_weight=10), routed(trial=THREE), 75),
    "some pods lost": (second(**LAST), routed(trial=ONE_OF_THREE), 75),
    "some pods lost for long": (second(route_weight=75, ago=1), routed(trial=ONE_OF_THREE), 75),
    "all pods lost": (second(**LAST), routed(trial=deployment("new", 3, available=0)), 0),
    "all pods lost, and one back": (second(route_weight=0), routed(trial=ONE_OF_THREE), 0),
    "pods of another revision": (first(**SERVING), routed(trial=deployment("other", 1)), 0),
    "another revision": (first(**SERVING, revision="other"), routed(trial=deployment("other", 1)), 0),
    "Deployment gone": (first(**SERVING), routed(), 0),
    "route gone": (first(**SERVING), sight(canary=STEPS, trial=ONE), None),
    "gate shut": (first(**SERVING), routed(trial=ONE, may_run=False), 10),
    "gate shut, and the pods lost": (first(**SERVING), routed(trial=NONE_OF_ONE, may_run=False), 0),
    "last pause over": (second(**LAST, ago=60), routed(trial=THREE), 75),
    "promotion under way": (second(**LAST, phase="Promoting"), routed(trial=THREE, stable=NONE_OF_ONE), 75),
    "promotion under way, and the pods lost": (
        second(**LAST, phase="Promoting"),
        routed(trial=deployment("new", 3, available=0), stable=NONE_OF_ONE),
        0,
    ),
    "promotion complete": (second(**LAST, phase="Promoting"), routed(trial=THREE, stable=THREE), None),
    "aborted": (first(ago=300), routed(trial=NONE_OF_ONE), None),
    "aborted before": (first(phase="Aborted", route_weight=None), routed(), None),
}


@pytest.mark.parametrize(("before", "found", "weight"), TABLE.values(), ids=TABLE.keys())
def test_weight_of_the_route(before: CanaryStatus | None, found: CanarySight, weight: int | None) -> None:
    after = next_canary(before, found)
    assert after is not None
    assert after.route_weight == weight


@pytest.mark.parametrize(
    ("weight", "serving", "by_route", "by_pods"),
    [(1, 3, 1, 1), (25, 4, 1, 1), (26, 4, 2, 1), (50, 3, 2, 3), (75, 3, 3, 3), (99, 4, 4, 4), (99, 1, 1, 1)],
)
def test_pods_are_enough_for_the_share(weight: int, serving: int, by_route: int, by_pods: int) -> None:
    canary = Canary.model_validate({"steps": [{"weight": weight, "pause": 0}]})
    for is_routed, pods in ((True, by_route), (False, by_pods)):
        found = sight(canary=canary, stable=deployment("old", serving), by_route=is_routed)
        after = next_canary(None, found)
        assert after is not None
        assert (after.weight, after.replicas) == (weight, pods)


def test_step_that_needs_no_more_pods_begins_at_once() -> None:
    steps = Canary.model_validate({"steps": [{"weight": 10, "pause": 60}, {"weight": 30, "pause": 60}]})
    after = next_canary(first(**SERVING, ago=60), routed(canary=steps, trial=ONE))
    assert after is not None
    assert (after.step, after.available, after.route_weight) == (2, True, 30)
