"""When a revision counts as one that did not get ready in time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi_fleet.api.conditions import Condition, Reason
from fastapi_fleet.api.resource_status import RevisionRecord
from fastapi_fleet.status.facts import ServiceFacts, WorkerFacts
from fastapi_fleet.status.given_up import backends_had_time, given_up
from support.live import REVISION, deployment, pod, terminated

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
DEADLINE = timedelta(seconds=300)


def stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def record(rolled_out: datetime | None = BEGUN, revision: str = REVISION) -> RevisionRecord:
    since = stamp(rolled_out) if rolled_out else None
    return RevisionRecord(
        revision=revision, image="shop:2", first_seen="2025-01-01T00:00:00Z", rolled_out=since, ready=False
    )


def stuck(status: str = "False", *, updated: datetime | None = BEGUN + DEADLINE, **more: Any) -> dict[str, Any]:
    condition = {"type": "Progressing", "status": status}
    if updated is not None:
        condition["lastUpdateTime"] = stamp(updated)
    found = deployment(updated=0, conditions=(condition,), **more)
    return {**found, "spec": {**found["spec"], "progressDeadlineSeconds": 300}}


def facts(found: dict[str, Any] | None, *pods: dict[str, Any]) -> ServiceFacts:
    return ServiceFacts("team", "shop", 2, revision=REVISION, deployment=found, pods=pods)


FRESH = {**deployment(updated=0), "status": {}}
AT_DEADLINE, LATER = BEGUN + DEADLINE, BEGUN + 2 * DEADLINE
STATES: dict[str, tuple[ServiceFacts, RevisionRecord, datetime, bool]] = {
    "given up": (facts(stuck()), record(), AT_DEADLINE, True),
    "no Deployment": (facts(None), record(), LATER, False),
    "no status yet": (facts(FRESH), record(), LATER, False),
    "in progress": (facts(stuck("True")), record(), LATER, False),
    "another revision is deployed": (facts(stuck(revision="older")), record(), LATER, False),
    "not seen by the controller": (facts(stuck(generation=3, observed=2)), record(), LATER, False),
    "not in the history": (facts(stuck()), record(revision="older"), LATER, False),
    "begun before times were written down": (facts(stuck()), record(None), LATER, False),
    "said of the revision before": (
        facts(stuck(updated=BEGUN - DEADLINE)),
        record(),
        AT_DEADLINE - timedelta(1),
        False,
    ),
    "said before the operator could write down": (facts(stuck(updated=BEGUN - DEADLINE)), record(), LATER, True),
    "without a time": (facts(stuck(updated=None)), record(), BEGUN, False),
    "without a time, long ago": (facts(stuck(updated=None)), record(), LATER, True),
}


@pytest.mark.parametrize(("found", "known", "now", "is_given_up"), STATES.values(), ids=STATES.keys())
def test_deployment_decides(found: ServiceFacts, known: RevisionRecord, now: datetime, is_given_up: bool) -> None:  # noqa: FBT001 - a case
    assert (given_up(found, [known], now) is not None) is is_given_up


def test_cause_is_that_of_the_newest_pods() -> None:
    found = given_up(facts(stuck(), pod(terminated(3, "no settings"))), [record()], AT_DEADLINE)
    assert found is not None
    assert found.reason is Reason.CRASH_LOOP
    assert "no settings" in found.message


def test_worker_decides_too() -> None:
    worker = WorkerFacts("w", 1, stuck(revision="w"), (pod(terminated(3), revision="w"),))
    found = given_up(replace(facts(deployment()), worker=worker), [record()], AT_DEADLINE)
    assert found is not None
    assert found.message.startswith("worker: container app")
    idle = replace(worker, deployment=stuck("True", revision="w"))
    assert given_up(replace(facts(deployment()), worker=idle), [record()], AT_DEADLINE) is None


BACKENDS: dict[str, tuple[list[tuple[str, str, datetime]], bool]] = {
    "none": ([("RolloutComplete", "False", BEGUN)], True),
    "there": ([("DatabaseReady", "True", BEGUN), ("BrokerReady", "True", BEGUN)], True),
    "back a moment ago": ([("DatabaseReady", "True", AT_DEADLINE)], False),
    "away": ([("DatabaseReady", "True", BEGUN), ("BrokerReady", "False", BEGUN)], False),
    "unknown": ([("DatabaseReady", "Unknown", BEGUN)], False),
}


@pytest.mark.parametrize(("given", "had_time"), BACKENDS.values(), ids=BACKENDS.keys())
def test_backends_have_to_be_there(given: list[tuple[str, str, datetime]], had_time: bool) -> None:  # noqa: FBT001 - a case
    conditions = [
        Condition.model_validate(
            {"type": kind, "status": status, "reason": "R", "message": "", "lastTransitionTime": stamp(since)}
        )
        for kind, status, since in given
    ]
    assert backends_had_time(conditions, DEADLINE, AT_DEADLINE) is had_time
