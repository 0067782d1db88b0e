"""Status of a FastAPIService as a whole."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.resource_status import Binding, FastAPIServiceStatus
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import ANNOTATION_REVISION
from fastapi_fleet.errors import InvalidSpecError
from fastapi_fleet.status.facts import BackendState, ServiceFacts
from fastapi_fleet.status.service_status import compute_service_status
from hypothesis import given
from hypothesis import strategies as st
from support.live import REVISION, deployment, pod, running

NOW = "2026-01-02T00:00:00Z"
EMPTY = FastAPIServiceStatus()


def facts(found: dict[str, Any] | None = None, **spec: Any) -> ServiceFacts:
    return ServiceFacts(
        namespace="team",
        name="shop",
        generation=2,
        spec=FastAPIServiceSpec.model_validate({"image": "i", **spec}),
        revision=REVISION,
        deployment=found,
    )


def statuses(status: FastAPIServiceStatus) -> dict[str, str]:
    return {condition.type: condition.status for condition in status.conditions}


def test_first_status_says_that_nothing_is_known_yet() -> None:
    status = compute_service_status(facts(), EMPTY, now=NOW)
    assert statuses(status) == {
        "Ready": "Unknown",
        "Reconciling": "True",
        "SpecValid": "True",
        "RolloutComplete": "Unknown",
    }
    assert status.observed_generation == 2
    assert (status.replicas, status.ready_replicas) == (0, 0)


def test_complete_rollout_tells_what_runs() -> None:
    status = compute_service_status(facts(deployment(), port=9000), EMPTY, now=NOW)
    assert statuses(status)["Ready"] == "True"
    assert status.url == "http://shop.team.svc:9000"
    assert status.image == "registry.example/shop:1"
    assert status.revision == status.last_ready_revision == REVISION
    assert (status.replicas, status.ready_replicas) == (1, 1)
    assert status.selector == (
        "app.kubernetes.io/component=service,app.kubernetes.io/managed-by=fastapi-fleet,app.kubernetes.io/name=shop"
    )


def test_last_ready_revision_stays_until_the_next_one_is_complete() -> None:
    previous = FastAPIServiceStatus(last_ready_revision="older")
    assert compute_service_status(facts(deployment(updated=0)), previous, now=NOW).last_ready_revision == "older"


def test_binding_names_the_secret_only_where_there_is_one() -> None:
    ready = BackendState(ready=True, reason=Reason.PROVISIONED, message="")
    with_database = replace(facts(database={}), database=ready)
    assert compute_service_status(with_database, EMPTY, now=NOW).binding == Binding(name="shop-secrets")
    previous = FastAPIServiceStatus(binding=Binding(name="shop-secrets"))
    assert compute_service_status(facts(), previous, now=NOW).binding is None


def test_invalid_spec_keeps_what_cannot_be_found_out() -> None:
    previous = FastAPIServiceStatus(url="http://shop.team.svc:8000", last_ready_revision="older")
    invalid = replace(facts(deployment()), spec=None, revision=None, problem=InvalidSpecError("spec.port", "too big"))
    status = compute_service_status(invalid, previous, now=NOW)
    assert (status.url, status.last_ready_revision) == ("http://shop.team.svc:8000", "older")
    assert statuses(status)["SpecValid"] == "False"
    assert statuses(status)["Stalled"] == "True"


def test_paused_is_said() -> None:
    assert statuses(compute_service_status(facts(deployment(), paused=True), EMPTY, now=NOW))["Paused"] == "True"


def test_same_facts_later_are_the_same_status() -> None:
    once = compute_service_status(facts(deployment()), EMPTY, now=NOW)
    assert compute_service_status(facts(deployment()), once, now="2026-01-03T00:00:00Z") == once


counts = st.integers(0, 2)


@st.composite
def clusters(draw: st.DrawFn) -> ServiceFacts:
    """Any state of a Deployment and of pods of several revisions that belong to it, as its controller counts them."""
    revisions = draw(st.lists(st.sampled_from([REVISION, "older", "oldest"]), max_size=4))
    pods = [
        pod(
            running(ready=True),
            revision=revision,
            name=f"shop-{at}",
            conditions=[{"type": "Ready", "status": draw(st.sampled_from(["True", "False"]))}],
        )
        for at, revision in enumerate(revisions)
    ]
    wanted = draw(st.integers(1, 3))
    found = deployment(
        replicas=wanted,
        updated=revisions.count(REVISION),
        available=sum(serves(one) for one in pods),
        generation=draw(st.integers(2, 3)),
        revision=draw(st.sampled_from([REVISION, "older"])),
    )
    found["status"]["replicas"] = len(pods)
    rolled_back = draw(st.sampled_from([{}, {"rollbackTo": "0" * 16}]))
    return replace(facts(found, replicas=wanted, rollout=rolled_back), pods=tuple(pods))


def serves(one: Mapping[str, Any]) -> bool:
    return bool(one["status"]["conditions"][0]["status"] == "True")


@given(clusters())
def test_ready_never_holds_for_the_newest_generation_while_only_older_revisions_serve(found: ServiceFacts) -> None:
    status = compute_service_status(found, EMPTY, now=NOW)
    serving = {revision["metadata"]["annotations"][ANNOTATION_REVISION] for revision in found.pods if serves(revision)}
    if statuses(status)["Ready"] == "True" and status.observed_generation == found.generation:
        assert serving == {REVISION}


@given(
    replicas=counts, updated=counts, available=counts, lag=st.integers(0, 1), revision=st.sampled_from([REVISION, "x"])
)
def test_ready_never_holds_while_the_deployment_lags(
    replicas: int, updated: int, available: int, lag: int, revision: str
) -> None:
    found = deployment(
        replicas=replicas, updated=updated, available=available, generation=2 + lag, observed=2, revision=revision
    )
    status = compute_service_status(facts(found), EMPTY, now=NOW)
    complete = revision == REVISION and lag == 0 and replicas == updated == available == 1
    assert (statuses(status)["Ready"] == "True") == complete
    assert (status.last_ready_revision == REVISION) == complete
