"""RolloutComplete never holds while anything but the wanted revision runs."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi_fleet.api.conditions import MESSAGE_LIMIT, Reason
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.errors import (
    ApiRefusedError,
    ApiUnavailableError,
    DependencyMissingError,
    InvalidSpecError,
    NotOwnedError,
    ReconcileError,
)
from fastapi_fleet.status.facts import ServiceFacts, WorkerFacts
from fastapi_fleet.status.rollout_complete import rollout_complete
from hypothesis import given
from hypothesis import strategies as st
from support.live import REVISION, deployment, pod, running, terminated, waiting


def facts(
    found: dict[str, Any] | None,
    *pods: dict[str, Any],
    replicas: int = 1,
    applied: int | None = None,
    paused: bool = False,
) -> ServiceFacts:
    """`applied`: replicas that the Deployment asks for, as many as the spec by default."""
    if found is not None:
        found = {**found, "spec": {**found["spec"], "replicas": replicas if applied is None else applied}}
    return ServiceFacts(
        namespace="team",
        name="shop",
        generation=2,
        spec=FastAPIServiceSpec(image="i", replicas=replicas, paused=paused),
        revision=REVISION,
        deployment=found,
        pods=pods,
    )


STUCK = deployment(updated=0, replicas=1, available=1)
STUCK_TOO_LONG = deployment(
    updated=0, conditions=({"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"},)
)
NO_PODS = deployment(
    replicas=0,
    updated=0,
    available=0,
    conditions=({"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: pods"},),
)

STATES: dict[str, tuple[ServiceFacts, str, Reason]] = {
    "complete": (facts(deployment()), "True", Reason.AVAILABLE),
    "scaled to zero": (
        facts(deployment(replicas=0, updated=0, available=0), replicas=0),
        "True",
        Reason.SCALED_TO_ZERO,
    ),
    "none yet": (facts(None), "Unknown", Reason.PENDING),
    "older revision on the Deployment": (facts(deployment(revision="older")), "False", Reason.ROLLING_OUT),
    "older revision while paused": (facts(deployment(revision="older"), paused=True), "False", Reason.PAUSED),
    "replicas not written while paused": (
        facts(deployment(), replicas=2, applied=1, paused=True),
        "False",
        Reason.PAUSED,
    ),
    "replicas not written yet": (facts(deployment(), replicas=2, applied=1), "False", Reason.ROLLING_OUT),
    "generation not seen": (facts(deployment(generation=3, observed=2)), "False", Reason.ROLLING_OUT),
    "no status yet": (facts({**deployment(), "status": {}}), "False", Reason.ROLLING_OUT),
    "old pod left": (facts(deployment(replicas=2)), "False", Reason.ROLLING_OUT),
    "not all updated": (facts(deployment(replicas=2, updated=1, available=2), replicas=2), "False", Reason.ROLLING_OUT),
    "not available": (facts(deployment(available=0)), "False", Reason.ROLLING_OUT),
    "old pods on the way to zero": (facts(deployment(updated=0), replicas=0), "False", Reason.ROLLING_OUT),
    "crash loop": (facts(STUCK, pod(terminated(1))), "False", Reason.CRASH_LOOP),
    "crash of an older revision": (facts(STUCK, pod(terminated(1), revision="older")), "False", Reason.ROLLING_OUT),
    "image": (facts(STUCK, pod(waiting("ErrImagePull"))), "False", Reason.IMAGE_PULL_FAILED),
    "deadline": (facts(STUCK_TOO_LONG), "False", Reason.PROGRESS_DEADLINE_EXCEEDED),
    "deadline with a cause": (facts(STUCK_TOO_LONG, pod(terminated(1))), "False", Reason.CRASH_LOOP),
    "quota": (facts(NO_PODS), "False", Reason.REPLICA_FAILURE),
    "probes": (facts(deployment(available=0), pod(running())), "False", Reason.NOT_ANSWERING_PROBES),
    "ready but not yet available": (
        facts(deployment(available=0), pod(running(ready=True))),
        "False",
        Reason.ROLLING_OUT,
    ),
}


@pytest.mark.parametrize(("found", "status", "reason"), STATES.values(), ids=STATES.keys())
def test_rollout_of(found: ServiceFacts, status: str, reason: Reason) -> None:
    finding = rollout_complete(found)
    assert (finding.status, finding.reason) == (status, reason)


WORKER_STATES: dict[str, tuple[WorkerFacts, str, Reason, str]] = {
    "complete": (WorkerFacts(REVISION, 1, deployment()), "True", Reason.AVAILABLE, "1 of 1 pods available"),
    "none yet": (WorkerFacts(REVISION, 1), "False", Reason.ROLLING_OUT, "worker: no pods yet"),
    "old pod left": (
        WorkerFacts(REVISION, 1, deployment(replicas=1, updated=0)),
        "False",
        Reason.ROLLING_OUT,
        "worker: 0 of 1 pods updated, 1 available",
    ),
    "of an older revision": (
        WorkerFacts(REVISION, 1, deployment(revision="older")),
        "False",
        Reason.ROLLING_OUT,
        "worker: the newest spec has not been written yet",
    ),
    "fewer than wanted": (
        WorkerFacts(REVISION, 2, deployment()),
        "False",
        Reason.ROLLING_OUT,
        "worker: the newest spec has not been written yet",
    ),
    "crash loop": (
        WorkerFacts(REVISION, 1, STUCK, (pod(terminated(1, "boom")),)),
        "False",
        Reason.CRASH_LOOP,
        (
            "worker: container app of pod shop-1 ended with exit code 1: boom "
            "(revision wanted of registry.example/shop:1: 0 of 1 pods updated, 1 available)"
        ),
    ),
    "scaled to zero": (
        WorkerFacts(REVISION, 0, deployment(replicas=0, updated=0, available=0)),
        "True",
        Reason.AVAILABLE,
        "1 of 1 pods available",
    ),
}


@pytest.mark.parametrize(("worker", "status", "reason", "message"), WORKER_STATES.values(), ids=WORKER_STATES.keys())
def test_rollout_of_a_service_whose_own_pods_are_there_waits_for_its_worker(
    worker: WorkerFacts, status: str, reason: Reason, message: str
) -> None:
    finding = rollout_complete(replace(facts(deployment()), worker=worker))
    assert (finding.status, finding.reason, finding.message) == (status, reason, message)


def test_obstacle_of_the_service_is_told_before_that_of_its_worker() -> None:
    worker = WorkerFacts(REVISION, 1, STUCK, (pod(terminated(1)),))
    found = replace(facts(STUCK, pod(waiting("ErrImagePull"))), worker=worker)
    assert rollout_complete(found).reason is Reason.IMAGE_PULL_FAILED


def test_long_cause_of_a_worker_is_within_the_limit() -> None:
    worker = WorkerFacts(REVISION, 1, STUCK, (pod(waiting("ErrImagePull", "x" * 2000)),))
    assert len(rollout_complete(replace(facts(deployment()), worker=worker)).message) <= MESSAGE_LIMIT


PROBLEMS: list[tuple[ReconcileError, str, Reason]] = [
    (NotOwnedError("Deployment team/shop exists"), "False", Reason.NOT_OWNED),
    (ApiUnavailableError("no answer"), "False", Reason.API_UNAVAILABLE),
    (ApiRefusedError("quota"), "False", Reason.API_REFUSED),
    (InvalidSpecError("spec.port", "too big"), "Unknown", Reason.PENDING),
    (DependencyMissingError(Reason.SECRET_MISSING, "gone"), "Unknown", Reason.PENDING),
]


@pytest.mark.parametrize(("problem", "status", "reason"), PROBLEMS, ids=lambda value: type(value).__name__)
def test_rollout_of_a_pass_that_ended_early_never_holds(problem: ReconcileError, status: str, reason: Reason) -> None:
    finding = rollout_complete(replace(facts(deployment()), problem=problem))
    assert (finding.status, finding.reason) == (status, reason)


def test_obstacle_tells_the_cause_and_the_count() -> None:
    finding = rollout_complete(facts(STUCK, pod(terminated(3, "boom"))))
    assert finding.message == (
        "container app of pod shop-1 ended with exit code 3: boom "
        "(revision wanted of registry.example/shop:1: 0 of 1 pods updated, 1 available)"
    )


SERVING = [{"type": "Ready", "status": "True"}]


def test_obstacle_tells_which_revision_goes_on_serving() -> None:
    older = pod(running(ready=True), revision="older", conditions=SERVING)
    broken = pod(running(), revision="broken", conditions=[{"type": "Ready", "status": "False"}])
    message = rollout_complete(facts(STUCK, pod(terminated(3)), older, broken)).message
    assert message.endswith("0 of 1 pods updated, 1 available; revision older goes on serving)")


def test_pod_that_is_being_stopped_does_not_go_on_serving() -> None:
    leaving = pod(running(ready=True), revision="older", conditions=SERVING)
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert "serving" not in rollout_complete(facts(STUCK, pod(terminated(3)), leaving)).message


@pytest.mark.parametrize("length", [100, 2000])
def test_long_cause_leaves_room_for_the_revision_that_serves(length: int) -> None:
    older = pod(running(ready=True), revision="older", conditions=SERVING)
    message = rollout_complete(facts(STUCK, pod(waiting("ErrImagePull", "x" * length)), older)).message
    assert len(message) <= MESSAGE_LIMIT
    assert message.endswith("; revision older goes on serving)")


def test_obstacle_hides_the_secrets_of_the_service() -> None:
    found = replace(facts(STUCK, pod(terminated(3, "boom canary-5f1e"))), secret_values=("canary-5f1e",))
    assert "canary" not in rollout_complete(found).message
    assert "canary-5f1e" not in repr(replace(found, pods=()))


counts = st.integers(0, 3)


@given(
    wanted=counts,
    replicas=counts,
    updated=counts,
    available=counts,
    generation=counts,
    observed=counts,
    revision=st.sampled_from([REVISION, "older"]),
)
def test_never_holds_unless_every_pod_is_of_the_wanted_revision_and_available(
    *, wanted: int, replicas: int, updated: int, available: int, generation: int, observed: int, revision: str
) -> None:
    found = deployment(
        replicas=replicas,
        updated=updated,
        available=available,
        generation=generation,
        observed=observed,
        revision=revision,
    )
    truth = revision == REVISION and observed >= generation and replicas == updated == available == wanted
    assert (rollout_complete(facts(found, replicas=wanted)).status == "True") == truth


def test_pod_that_does_not_answer_is_the_cause_also_once_the_rollout_has_given_up() -> None:
    given_up = rollout_complete(facts(STUCK_TOO_LONG, pod(running())))
    assert (given_up.reason, given_up.stalled) == (Reason.NOT_ANSWERING_PROBES, True)


def test_cause_stays_and_is_stalled_once_the_rollout_has_given_up() -> None:
    starting = waiting_pod()
    assert not rollout_complete(facts(STUCK, starting)).stalled
    given_up = rollout_complete(facts(STUCK_TOO_LONG, starting))
    assert (given_up.reason, given_up.stalled) == (Reason.IMAGE_PULL_FAILED, True)


def waiting_pod() -> dict[str, Any]:
    return pod(waiting("ImagePullBackOff"))
