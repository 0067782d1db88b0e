"""What a failed rollout goes back to by itself, and where it does not: then status says why."""

from datetime import timedelta
from typing import Any

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.errors import BackendUnavailableError
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.reconcile.backing_services import DRIFT_CHECK_SECONDS
from support.fleet import Fleet, child, come_up
from support.preflights import end_pod
from support.resources import fleet_platform
from support.rollouts import DEADLINE_SECONDS as DEADLINE
from support.rollouts import given_up_at, run_out
from support.shop_rollouts import (
    BAD,
    CONFIG_MAP,
    DEPLOYMENT,
    GOOD,
    SHOP,
    WORKER,
    apply,
    image,
    rolled_back,
    running,
    told,
)


async def test_first_revision_ever_stays() -> None:
    fleet = Fleet()
    await apply(fleet, **BAD)
    await run_out(fleet, DEPLOYMENT)
    assert image(fleet) == "2"
    assert told(fleet, "RolledBack") == ("False", "NothingToGoBackTo")
    assert fleet.conditions(SHOP)["RolledBack"].message == "not by itself: no revision was ever ready"
    assert told(fleet, "Stalled") == ("True", "ProgressDeadlineExceeded")
    assert await fleet.pass_over(SHOP) == []


READING = {"secrets": [{"env": "KEY", "name": "mine", "key": "key"}]}


async def reading_a_secret_that_has_changed() -> Fleet:
    """A good revision has been rolled out before."""
    fleet = Fleet()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine", "namespace": "team"}}
    fleet.kube.create({**secret, "data": {"key": "b25l"}})
    await apply(fleet, **GOOD, **READING)
    await fleet.roll_out()
    fleet.kube.edit(child("Secret", "mine"), lambda found: found.update(data={"key": "dHdv"}))
    return fleet


async def test_secret_that_breaks_pods_cannot_be_taken_back_and_that_is_said() -> None:
    fleet = await reading_a_secret_that_has_changed()
    await fleet.pass_over(SHOP)
    await run_out(fleet, DEPLOYMENT)
    assert told(fleet, "RolledBack") == ("False", "NothingToGoBackTo")
    assert "differs only in what is not kept" in fleet.conditions(SHOP)["RolledBack"].message


async def test_secret_of_today_is_read_by_the_earlier_revision_and_that_is_said() -> None:
    fleet = await reading_a_secret_that_has_changed()
    await apply(fleet, **BAD, **READING)
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


async def test_migrations_that_had_nothing_to_do_forbid_nothing() -> None:
    fleet = await running(**MIGRATED)
    fleet.time.advance(DEADLINE)
    await fleet.settle()
    (before,) = fleet.kube.keys("Job")
    await apply(fleet, **BAD, **MIGRATED)
    (job,) = set(fleet.kube.keys("Job")) - {before}
    end_pod(fleet.kube, job, 0, {"outcome": "current"})
    await fleet.let_jobs_succeed()
    await run_out(fleet, DEPLOYMENT)
    assert image(fleet) == "1"
    assert told(fleet, "RolledBack") == ("True", "NotReadyInTime")
    await fleet.roll_out()
    assert await fleet.pass_over(SHOP) == []
