"""The history of revisions: newest first, bounded, and never without the one to go back to."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi_fleet.api.resource_status import HISTORY_LIMIT, FastAPIServiceStatus, RevisionRecord
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import ANNOTATION_CONFIG_HASH, ANNOTATION_REVISION_SPEC
from fastapi_fleet.status.facts import ServiceFacts
from fastapi_fleet.status.jobs import LABEL_JOB
from fastapi_fleet.status.service_status import compute_service_status
from hypothesis import given
from hypothesis import strategies as st
from support.live import REVISION, deployment, pod, running

NOW = "2026-01-02T00:00:00Z"
LATER = "2026-01-03T00:00:00Z"
DIGEST = "sha256:" + "5f" * 32


def deployed(revision: str = REVISION, **state: Any) -> dict[str, Any]:
    """A Deployment with the annotations that the operator gives it."""
    found = deployment(revision=revision, **state)
    found["metadata"]["annotations"][ANNOTATION_REVISION_SPEC] = f'{{"image":"{revision}"}}'
    found["spec"]["template"]["metadata"] = {"annotations": {ANNOTATION_CONFIG_HASH: "c0ffee"}}
    return found


def facts(revision: str = REVISION, found: dict[str, Any] | None = None, *pods: dict[str, Any]) -> ServiceFacts:
    return ServiceFacts(
        namespace="team",
        name="shop",
        generation=2,
        spec=FastAPIServiceSpec(image="i"),
        revision=revision,
        deployment=deployed(revision) if found is None else found,
        pods=pods,
    )


def after(*passes: ServiceFacts, status: FastAPIServiceStatus | None = None, now: str = NOW) -> FastAPIServiceStatus:
    status = status or FastAPIServiceStatus()
    for found in passes:
        status = compute_service_status(found, status, now=now)
    return status


def revisions(status: FastAPIServiceStatus) -> list[str]:
    return [record.revision for record in status.history]


def failing(revision: str) -> ServiceFacts:
    return facts(revision, deployed(revision, updated=0, available=1))


def running_image(image: str, revision: str = REVISION) -> dict[str, Any]:
    return pod({**running(ready=True), "imageID": image}, revision=revision)


def test_first_revision_is_recorded_when_it_is_rolled_out() -> None:
    (record,) = after(failing(REVISION)).history
    assert record.model_dump(exclude={"spec_hash"}) == {
        "revision": REVISION,
        "image": "registry.example/shop:1",
        "digest": None,
        "config_hash": "c0ffee",
        "check": None,
        "first_seen": NOW,
        "rolled_out": NOW,
        "migrations": None,
        "ready": False,
    }
    assert record.spec_hash is not None


def test_completed_rollout_marks_its_revision_for_good() -> None:
    status = after(failing(REVISION), facts(), failing(REVISION))
    assert [record.ready for record in status.history] == [True]


def test_digest_is_filled_in_once_a_pod_of_the_revision_tells_it() -> None:
    older = running_image("registry.example/shop@sha256:" + "00" * 32, "older")
    assert after(facts(REVISION, None, older)).history[0].digest is None
    status = after(facts(REVISION, None, older, running_image(f"registry.example/shop@{DIGEST}")))
    assert status.history[0].digest == DIGEST
    assert after(facts(), status=status).history[0].digest == DIGEST


def test_digest_of_an_image_that_was_loaded_into_the_node_has_no_name() -> None:
    assert after(facts(REVISION, None, running_image(DIGEST))).history[0].digest == DIGEST
    assert after(facts(REVISION, None, running_image(""))).history[0].digest is None


def test_digest_of_a_sidecar_is_not_that_of_the_service() -> None:
    sidecar = pod({**running(), "name": "proxy", "imageID": DIGEST})
    assert after(facts(REVISION, None, sidecar)).history[0].digest is None


def migrated(revision: str, job: str, message: str | None) -> ServiceFacts:
    """By a Job that succeeded. `message`: what its pod ended with; None where that is gone."""
    ended = {"name": "app", "state": {"terminated": {"exitCode": 0, "message": message}}}
    labels = {"labels": {LABEL_JOB: job}}
    pods = () if message is None else ({"metadata": labels, "status": {"containerStatuses": [ended]}},)
    return replace(facts(revision), migration={"metadata": {"name": job}}, migration_pods=pods)


NOTHING_RUN = '{"outcome": "current"}'
MIGRATIONS: dict[str, tuple[tuple[ServiceFacts, ...], list[str | None]]] = {
    "each by its own Job": ((migrated("a", "job-a", ""), migrated("b", "job-b", "")), ["job-b", "job-a"]),
    "nothing to do": ((migrated("a", "job-a", ""), migrated("b", "job-b", NOTHING_RUN)), ["job-a", "job-a"]),
    "nothing to do twice": (
        (migrated("a", "job-a", ""), migrated("b", "job-b", NOTHING_RUN), migrated("c", "job-c", NOTHING_RUN)),
        ["job-a", "job-a", "job-a"],
    ),
    "nothing to do, and the pod is gone": (
        (migrated("a", "job-a", ""), migrated("b", "job-b", NOTHING_RUN), migrated("b", "job-b", None)),
        ["job-a", "job-a"],
    ),
    "nothing to do at first": ((migrated("a", "job-a", NOTHING_RUN), migrated("a", "job-a", NOTHING_RUN)), [None]),
    "the same revision, another Job": ((migrated("a", "job-a", ""), migrated("a", "job-b", "")), ["job-b"]),
    "no migrations any more": ((migrated("a", "job-a", ""), facts("a")), ["job-a"]),
}


@pytest.mark.parametrize(("passes", "jobs"), MIGRATIONS.values(), ids=MIGRATIONS.keys())
def test_record_names_the_job_that_changed_the_schema_last(
    passes: tuple[ServiceFacts, ...], jobs: list[str | None]
) -> None:
    assert [record.migrations for record in after(*passes).history] == jobs


def test_newest_rollout_comes_first_and_one_that_runs_again_keeps_its_time() -> None:
    status = after(facts("a"), facts("b"))
    assert revisions(status) == ["b", "a"]
    again = after(facts("a"), status=status, now=LATER)
    assert [(record.revision, record.first_seen) for record in again.history] == [("a", NOW), ("b", NOW)]


def test_nothing_is_recorded_before_the_revision_is_on_the_deployment() -> None:
    assert after(facts("b", deployed("a"))).history == []
    assert after(replace(facts(), deployment=None)).history == []


def test_revision_without_a_kept_spec_says_so_by_having_no_hash_of_it() -> None:
    assert after(facts(REVISION, deployment())).history[0].spec_hash is None


def test_same_facts_later_are_the_same_history() -> None:
    status = after(facts("a"), failing("b"))
    assert after(failing("b"), status=status, now=LATER) == status


def test_last_ready_revision_outlives_any_number_of_failures() -> None:
    status = after(facts("good"), *(failing(f"bad-{number}") for number in range(2 * HISTORY_LIMIT)))
    assert len(status.history) == HISTORY_LIMIT
    assert revisions(status)[-1] == "good"


def test_revision_that_is_rolled_back_to_is_never_dropped() -> None:
    wanted = "0123456789abcdef"
    spec = FastAPIServiceSpec.model_validate({"image": "i", "rollout": {"rollbackTo": wanted}})
    rotations = (replace(facts(f"again-{number}"), spec=spec) for number in range(2 * HISTORY_LIMIT))
    status = after(facts(wanted), *rotations)
    assert len(status.history) == HISTORY_LIMIT
    assert wanted in revisions(status)


@given(st.lists(st.tuples(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), st.booleans()), min_size=1, max_size=60))
def test_history_is_bounded_tells_no_revision_twice_and_begins_with_the_newest(
    rollouts: list[tuple[str, bool]],
) -> None:
    status = after(*(facts(name) if complete else failing(name) for name, complete in rollouts))
    assert len(status.history) <= HISTORY_LIMIT
    assert len(set(revisions(status))) == len(status.history)
    assert revisions(status)[0] == rollouts[-1][0]
    assert status.last_ready_revision in {None, *revisions(status)}
    assert RevisionRecord.model_validate(status.history[0].model_dump()) == status.history[0]
