"""A revision that does not get ready in time makes way for the last one that was, once, until the spec changes."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.errors import ApiConflictError, ApiUnavailableError, BackendUnavailableError
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.reconcile.backing_services import DRIFT_CHECK_SECONDS
from support.fleet import Fleet, child, come_up
from support.resources import fastapi_service, fleet_platform
from support.rollouts import DEADLINE_SECONDS as DEADLINE
from support.rollouts import given_up_at, run_out

DEPLOYMENT, WORKER = child("Deployment", "shop"), child("Deployment", "shop-worker")
CONFIG_MAP = child("ConfigMap", "shop-config")
GOOD: dict[str, Any] = {"image": "registry.example/shop:1", "config": {"LEVEL": "info"}}
BAD: dict[str, Any] = {"image": "registry.example/shop:2", "config": {"LEVEL": "debug"}}
SHOP = fastapi_service()


async def apply(fleet: Fleet, **spec: Any) -> None:
    await fleet.submit(fastapi_service(**spec))


async def running(**spec: Any) -> Fleet:
    fleet = Fleet()
    if spec.keys() & {"database", "broker"}:
        await fleet.submit(fleet_platform(postgres={}, rabbitmq={}))
        await fleet.roll_out()
    await apply(fleet, **GOOD, **spec)
    await fleet.roll_out()
    return fleet


async def rolled_back(**spec: Any) -> Fleet:
    fleet = await running(**spec)
    await apply(fleet, **BAD, **spec)
    await run_out(fleet, DEPLOYMENT)
    await fleet.roll_out()
    return fleet


def image(fleet: Fleet, key: Any = DEPLOYMENT) -> str:
    found: str = fleet.kube.object(key)["spec"]["template"]["spec"]["containers"][0]["image"]
    return found.rpartition(":")[2]


def told(fleet: Fleet, kind: str) -> tuple[str, str] | None:
    condition = fleet.conditions(SHOP).get(kind)
    return (condition.status, condition.reason) if condition else None


async def test_revision_that_does_not_get_ready_makes_way_for_the_last_that_was() -> None:
    fleet = await running()
    before = fleet.status(SHOP)["revision"]
    await apply(fleet, **BAD)
    failed = fleet.status(SHOP)["revision"]
    await run_out(fleet, DEPLOYMENT)
    assert image(fleet) == "1"
    assert fleet.kube.object(CONFIG_MAP)["data"] == {"LEVEL": "info"}
    await fleet.roll_out()
    status = fleet.status(SHOP)
    assert status["revision"] == status["lastReadyRevision"] == before
    assert (status["rollback"]["revision"], status["rollback"]["to"]) == (failed, before)
    assert [(record["revision"], record["ready"]) for record in status["history"]] == [(before, True), (failed, False)]


async def test_ready_is_not_claimed_while_the_earlier_revision_serves_and_status_says_why() -> None:
    fleet = await rolled_back()
    newest = fleet.kube.object(child("FastAPIService", "shop"))["metadata"]["generation"]
    assert fleet.status(SHOP)["observedGeneration"] == newest
    assert told(fleet, "Ready") == ("False", "NotReadyInTime")
    assert told(fleet, "Stalled") == ("True", "NotReadyInTime")
    assert told(fleet, "RolledBack") == ("True", "NotReadyInTime")
    assert told(fleet, "Reconciling") is None
    rollback, message = fleet.status(SHOP)["rollback"], fleet.conditions(SHOP)["Ready"].message
    assert message == (
        f"revision {rollback['revision']} (registry.example/shop:2) did not get ready in time "
        f"(ProgressDeadlineExceeded); revision {rollback['to']} (registry.example/shop:1) takes its place until the "
        "spec changes. Why: no progress within the deadline"
    )


async def test_going_back_is_one_event() -> None:
    fleet = await running()
    await apply(fleet, **BAD)
    await fleet.told()
    await run_out(fleet, DEPLOYMENT)
    await fleet.roll_out()
    ((kind, reason, note),) = await fleet.told()
    assert (kind, reason) == ("Warning", "NotReadyInTime")
    assert "registry.example/shop:1" in note


async def test_cause_is_kept_however_long_it_is() -> None:
    fleet = await running()
    await apply(fleet, **BAD)
    template = fleet.kube.object(DEPLOYMENT)["spec"]["template"]
    waiting = {"reason": "ErrImagePull", "message": "no such image " * 200}
    state = {"name": "app", "ready": False, "restartCount": 0, "state": {"waiting": waiting}}
    metadata = {**template["metadata"], "name": "shop-1", "namespace": "team"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}}
    fleet.kube.create(pod | {"status": {"containerStatuses": [state]}})
    await run_out(fleet, DEPLOYMENT)
    assert fleet.status(SHOP)["rollback"]["reason"] == "ImagePullFailed"
    assert fleet.status(SHOP)["rollback"]["message"].endswith("…")
    assert image(fleet) == "1"


async def test_rolled_back_service_at_rest_writes_nothing_nor_does_the_next_process() -> None:
    fleet = await rolled_back()
    assert await fleet.pass_over(SHOP) == []
    restarted = fleet.restarted()
    restarted.time.advance(10 * DEADLINE)
    await restarted.resync.prime()
    assert await restarted.settle() == []


async def test_earlier_revision_that_does_not_come_up_either_is_not_judged_again() -> None:
    fleet = await running()
    await apply(fleet, **BAD)
    await run_out(fleet, DEPLOYMENT)
    for _ in range(3):
        await run_out(fleet, DEPLOYMENT)
        assert image(fleet) == "1"
    assert told(fleet, "Ready") == ("False", "NotReadyInTime")
    assert "So far: no progress within the deadline" in fleet.conditions(SHOP)["Ready"].message
    assert await fleet.pass_over(SHOP) == []


@pytest.mark.parametrize(
    ("verb", "kind"), [("patch_status", "FastAPIService"), ("apply", "Deployment"), ("apply", "ConfigMap")]
)
async def test_process_that_ends_anywhere_is_followed_by_one_that_goes_on(verb: str, kind: str) -> None:
    fleet = await running()
    await apply(fleet, **BAD)
    fleet.time.advance(DEADLINE + 1)
    fleet.kube.fail(verb, kind, *[ApiUnavailableError("no answer")] * 3)
    fleet.kube.edit(DEPLOYMENT, given_up_at(fleet.now()))
    await fleet.settle()
    restarted = fleet.restarted()
    restarted.time.advance(DEADLINE + 2)
    await restarted.resync.prime()
    for _ in range(5):
        restarted.time.advance(20)
        await restarted.settle()
    await restarted.roll_out()
    assert image(restarted) == "1"
    assert restarted.kube.object(CONFIG_MAP)["data"] == {"LEVEL": "info"}
    assert told(restarted, "Ready") == ("False", "NotReadyInTime")


async def test_status_write_whose_answer_is_lost_goes_back_all_the_same() -> None:
    fleet = await running()
    await apply(fleet, **BAD)
    fleet.kube.fail("patch_status", "FastAPIService", ApiConflictError("changed"))
    await run_out(fleet, DEPLOYMENT)
    fleet.time.advance(20)
    await fleet.settle()
    assert image(fleet) == "1"


async def test_edit_is_rolled_out() -> None:
    fleet = await rolled_back()
    await apply(fleet, **{**BAD, "image": "registry.example/shop:3"})
    assert image(fleet) == "3"
    assert told(fleet, "RolledBack") is None
    assert "rollback" not in fleet.status(SHOP)
    await fleet.roll_out()
    assert told(fleet, "Ready") == ("True", "Available")


async def test_edit_that_fails_too_goes_back_to_the_same_revision() -> None:
    fleet = await rolled_back()
    await apply(fleet, **{**BAD, "image": "registry.example/shop:3"})
    await run_out(fleet, DEPLOYMENT)
    assert image(fleet) == "1"
    assert fleet.status(SHOP)["rollback"]["image"] == "registry.example/shop:3"


async def test_edit_that_is_invalid_leaves_the_earlier_revision_alone() -> None:
    fleet = await rolled_back()
    decided = fleet.status(SHOP)["rollback"]
    await apply(fleet, **BAD, env=[{"name": "LEVEL", "value": "twice"}])
    assert told(fleet, "Ready") == ("False", "InvalidSpec")
    assert image(fleet) == "1"
    await apply(fleet, **BAD)
    assert image(fleet) == "1"
    assert fleet.status(SHOP)["rollback"] == decided


async def test_longer_deadline_is_a_reason_to_try_again() -> None:
    fleet = await rolled_back()
    await apply(fleet, **BAD, rollout={"progressDeadlineSeconds": 900})
    assert image(fleet) == "2"


@pytest.mark.parametrize(
    "change", [{"replicas": 3}, {"route": {"hosts": ["a.example"], "parentRefs": [{"name": "g"}]}}]
)
async def test_edit_that_cannot_help_is_followed_and_tries_nothing(change: dict[str, Any]) -> None:
    fleet = await rolled_back()
    await apply(fleet, **BAD, **change)
    assert image(fleet) == "1"
    assert fleet.kube.object(DEPLOYMENT)["spec"]["replicas"] == change.get("replicas", 1)
    await fleet.roll_out()
    assert told(fleet, "Ready") == ("False", "NotReadyInTime")


async def test_field_of_the_user_wins_and_taking_it_out_tries_again() -> None:
    fleet = await rolled_back()
    failed, earlier = fleet.status(SHOP)["rollback"]["revision"], fleet.status(SHOP)["rollback"]["to"]
    await apply(fleet, **BAD, rollout={"rollbackTo": earlier})
    await fleet.roll_out()
    assert told(fleet, "RolledBack") == ("True", "RolledBack")
    assert told(fleet, "Ready") == ("True", "Available")
    assert "rollback" not in fleet.status(SHOP)
    await apply(fleet, **BAD)
    assert fleet.status(SHOP)["revision"] == failed
    await run_out(fleet, DEPLOYMENT)
    assert fleet.status(SHOP)["revision"] == earlier


async def test_field_of_the_user_that_names_a_revision_which_fails_is_left_to_the_user() -> None:
    fleet = await rolled_back()
    failed = fleet.status(SHOP)["rollback"]["revision"]
    await apply(fleet, **BAD, rollout={"rollbackTo": failed})
    await run_out(fleet, DEPLOYMENT)
    assert image(fleet) == "2"
    assert told(fleet, "RolledBack") == ("True", "RolledBack")


async def test_off_leaves_the_failing_pods_and_switching_it_off_brings_them_back() -> None:
    fleet = await running()
    await apply(fleet, **BAD, rollout={"autoRollback": "Off"})
    await run_out(fleet, DEPLOYMENT)
    assert image(fleet) == "2"
    assert told(fleet, "RolledBack") is None
    assert told(fleet, "Stalled") == ("True", "ProgressDeadlineExceeded")
    await apply(fleet, **BAD)
    assert image(fleet) == "1"
    await apply(fleet, **BAD, rollout={"autoRollback": "Off"})
    assert image(fleet) == "2"


async def test_first_revision_ever_stays() -> None:
    fleet = Fleet()
    await apply(fleet, **BAD)
    await run_out(fleet, DEPLOYMENT)
    assert image(fleet) == "2"
    assert told(fleet, "RolledBack") == ("False", "NothingToGoBackTo")
    assert fleet.conditions(SHOP)["RolledBack"].message == "not by itself: no revision was ever ready"
    assert told(fleet, "Stalled") == ("True", "ProgressDeadlineExceeded")
    assert await fleet.pass_over(SHOP) == []


async def test_secret_that_breaks_pods_cannot_be_taken_back_and_that_is_said() -> None:
    fleet = Fleet()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine", "namespace": "team"}}
    fleet.kube.create({**secret, "data": {"key": "b25l"}})
    reading = {"secrets": [{"env": "KEY", "name": "mine", "key": "key"}]}
    await apply(fleet, **GOOD, **reading)
    await fleet.roll_out()
    fleet.kube.edit(child("Secret", "mine"), lambda found: found.update(data={"key": "dHdv"}))
    await fleet.pass_over(SHOP)
    await run_out(fleet, DEPLOYMENT)
    assert told(fleet, "RolledBack") == ("False", "NothingToGoBackTo")
    assert "differs only in what is not kept" in fleet.conditions(SHOP)["RolledBack"].message


async def test_secret_of_today_is_read_by_the_earlier_revision_and_that_is_said() -> None:
    fleet = Fleet()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine", "namespace": "team"}}
    fleet.kube.create({**secret, "data": {"key": "b25l"}})
    reading = {"secrets": [{"env": "KEY", "name": "mine", "key": "key"}]}
    await apply(fleet, **GOOD, **reading)
    await fleet.roll_out()
    fleet.kube.edit(child("Secret", "mine"), lambda found: found.update(data={"key": "dHdv"}))
    await apply(fleet, **BAD, **reading)
    await run_out(fleet, DEPLOYMENT)
    await fleet.roll_out()
    assert image(fleet) == "1"
    assert "since what it reads has changed" in fleet.conditions(SHOP)["RolledBack"].message
    assert await fleet.pass_over(SHOP) == []


async def test_generated_secret_of_the_failed_revision_causes_no_second_try() -> None:
    fleet = await running()
    await apply(fleet, **BAD, secrets=[{"env": "KEY", "generate": True}])
    await run_out(fleet, DEPLOYMENT)
    await fleet.roll_out()
    for _ in range(2):
        await fleet.pass_over(SHOP)
    assert image(fleet) == "1"


async def test_paused_service_is_not_put_back_before_it_goes_on() -> None:
    fleet = await running()
    await apply(fleet, **BAD)
    await apply(fleet, **BAD, paused=True)
    await run_out(fleet, DEPLOYMENT)
    assert image(fleet) == "2"
    assert told(fleet, "RolledBack") is None
    await apply(fleet, **BAD)
    assert image(fleet) == "1"


async def test_pause_while_rolled_back_changes_nothing() -> None:
    fleet = await rolled_back()
    await apply(fleet, **BAD, paused=True)
    assert told(fleet, "Ready") == ("False", "NotReadyInTime")
    await apply(fleet, **BAD)
    assert image(fleet) == "1"


async def test_revision_that_the_preflight_holds_is_not_judged() -> None:
    fleet = await running()
    await apply(fleet, **{**BAD, "preflight": {}})
    await run_out(fleet, DEPLOYMENT)
    assert image(fleet) == "1"
    assert told(fleet, "RolledBack") is None
    assert told(fleet, "Ready") == ("False", "Checking")


async def test_worker_that_does_not_get_ready_takes_the_whole_revision_back() -> None:
    fleet = await running(worker={})
    await apply(fleet, **BAD, worker={})
    fleet.kube.edit(DEPLOYMENT, come_up)
    await run_out(fleet, WORKER)
    assert (image(fleet), image(fleet, WORKER)) == ("1", "1")
    assert "worker: no progress" in fleet.conditions(SHOP)["Ready"].message


async def test_worker_alone_is_not_kept_and_that_is_said() -> None:
    fleet = await running(worker={})
    await apply(fleet, **GOOD, worker={"args": ["--wrong"]})
    await run_out(fleet, WORKER)
    assert told(fleet, "RolledBack") == ("False", "NothingToGoBackTo")
    assert "its worker alone" in fleet.conditions(SHOP)["RolledBack"].message


async def test_autoscaled_service_keeps_its_pods() -> None:
    fleet = await running(autoscaling={"minReplicas": 2, "maxReplicas": 5})
    fleet.kube.edit(DEPLOYMENT, lambda found: found["spec"].update(replicas=4))
    fleet.kube.edit(DEPLOYMENT, come_up)
    await apply(fleet, **BAD, autoscaling={"minReplicas": 2, "maxReplicas": 5})
    await run_out(fleet, DEPLOYMENT)
    assert image(fleet) == "1"
    assert fleet.kube.object(DEPLOYMENT)["spec"]["replicas"] == 4


async def test_revision_that_ran_with_no_pods_is_none_to_go_back_to() -> None:
    fleet = await running()
    good = fleet.status(SHOP)["revision"]
    await apply(fleet, image="registry.example/shop:9", replicas=0)
    await fleet.roll_out()
    assert told(fleet, "RolloutComplete") == ("True", "ScaledToZero")
    await apply(fleet, **BAD)
    await run_out(fleet, DEPLOYMENT)
    assert fleet.status(SHOP)["revision"] == good


async def test_scaling_a_stuck_service_to_zero_is_no_failure() -> None:
    fleet = await running()
    await apply(fleet, **BAD, replicas=0)
    await fleet.roll_out()
    assert told(fleet, "RolloutComplete") == ("True", "ScaledToZero")
    assert told(fleet, "RolledBack") is None


async def test_deployment_that_was_deleted_leaves_nothing_to_go_back_to() -> None:
    fleet = await rolled_back()
    fleet.kube.remove(DEPLOYMENT)
    await fleet.settle()
    assert image(fleet) == "2"
    await run_out(fleet, DEPLOYMENT)
    assert told(fleet, "RolledBack") == ("False", "NothingToGoBackTo")
    assert image(fleet) == "2"
    assert await fleet.pass_over(SHOP) == []


async def test_revision_that_does_not_fit_the_rest_of_the_spec_is_none_to_go_back_to() -> None:
    fleet = Fleet()
    await fleet.submit(fleet_platform(postgres={}))
    await fleet.roll_out()
    await apply(fleet, image="registry.example/shop:1", config={"DATABASE_URL": "sqlite://"})
    await fleet.roll_out()
    await apply(fleet, image="registry.example/shop:2", database={})
    fleet.time.advance(DRIFT_CHECK_SECONDS)
    await run_out(fleet, DEPLOYMENT)
    fleet.time.advance(DEADLINE)
    await fleet.settle()
    assert "nothing is kept that fits" in fleet.conditions(SHOP)["RolledBack"].message


async def test_revision_before_that_ran_out_of_time_is_not_held_against_the_next() -> None:
    fleet = await running()
    await apply(fleet, **BAD, rollout={"autoRollback": "Off"})
    await run_out(fleet, DEPLOYMENT)
    await apply(fleet, **{**BAD, "image": "registry.example/shop:3"})
    fleet.kube.edit(DEPLOYMENT, given_up_at(fleet.now() - timedelta(seconds=5)))
    await fleet.settle()
    assert image(fleet) == "3"
    await run_out(fleet, DEPLOYMENT)
    assert image(fleet) == "1"


async def test_rollout_that_was_stuck_before_the_operator_wrote_down_its_beginning_stays() -> None:
    fleet = await running()
    await apply(fleet, **BAD)

    def forget(service: Object) -> None:
        for record in service["status"]["history"]:
            del record["rolledOut"]

    fleet.kube.edit(child("FastAPIService", "shop"), forget)
    await run_out(fleet, DEPLOYMENT)
    assert image(fleet) == "2"
    assert told(fleet, "RolledBack") is None


async def test_database_that_was_away_is_not_held_against_the_revision() -> None:
    fleet = await running(database={})
    fleet.time.advance(DEADLINE)
    await fleet.settle()
    fleet.postgres.failure = BackendUnavailableError("does not answer")
    await apply(fleet, **BAD, database={})
    await run_out(fleet, DEPLOYMENT)
    assert told(fleet, "DatabaseReady") == ("False", "BackendUnavailable")
    assert image(fleet) == "2"
    fleet.postgres.failure = None
    fleet.time.advance(DRIFT_CHECK_SECONDS)
    await fleet.settle()
    assert told(fleet, "DatabaseReady") == ("True", "Provisioned")
    assert image(fleet) == "2", "it has just come back"
    fleet.time.advance(DEADLINE)
    await fleet.settle()
    assert image(fleet) == "1"


MIGRATED = {"database": {"migrations": {"command": ["alembic", "upgrade", "head"]}}}


async def migrated(**rollout: Any) -> Fleet:
    """A revision that does not get ready, and whose migrations have run."""
    fleet = await running(**MIGRATED, rollout=rollout)
    fleet.time.advance(DEADLINE)
    await fleet.settle()
    await apply(fleet, **BAD, **MIGRATED, rollout=rollout)
    await fleet.let_jobs_succeed()
    await run_out(fleet, DEPLOYMENT)
    return fleet


async def test_migrations_that_have_run_between_forbid_it_and_that_is_said() -> None:
    fleet = await migrated()
    assert image(fleet) == "2"
    assert told(fleet, "RolledBack") == ("False", Reason.MIGRATIONS_HAVE_RUN.value)
    assert "autoRollback: Always" in fleet.conditions(SHOP)["RolledBack"].message
    assert await fleet.pass_over(SHOP) == []


async def test_migrations_that_have_run_between_can_be_allowed() -> None:
    fleet = await migrated(autoRollback="Always")
    assert image(fleet) == "1"
    assert len(fleet.kube.keys("Job")) == 2


async def test_migrations_do_not_forbid_it_where_only_the_configuration_changed() -> None:
    fleet = await running(**MIGRATED)
    fleet.time.advance(DEADLINE)
    await fleet.settle()
    await apply(fleet, **{**GOOD, "config": {"LEVEL": "wrong"}}, **MIGRATED)
    await run_out(fleet, DEPLOYMENT)
    assert fleet.kube.object(CONFIG_MAP)["data"] == {"LEVEL": "info"}
    assert told(fleet, "RolledBack") == ("True", "NotReadyInTime")


async def test_migrations_of_an_earlier_image_are_never_run_again() -> None:
    fleet = await running(**MIGRATED)
    fleet.time.advance(DEADLINE)
    await fleet.settle()
    (before,) = fleet.kube.keys("Job")
    always = {"autoRollback": "Always"}
    await apply(fleet, **BAD, **MIGRATED, rollout=always)
    await fleet.let_jobs_succeed()
    fleet.kube.remove(before)
    await run_out(fleet, DEPLOYMENT)
    assert image(fleet) == "2"
    assert f"its Job {before.name} is not there" in fleet.conditions(SHOP)["RolledBack"].message
