"""Migrations apart from a service's pods: once for each image, before its pods, with a login of their own."""

import base64
from typing import Any

import pytest
from fastapi_fleet.constants import ANNOTATION_REVISION, LABEL_COMPONENT
from fastapi_fleet.errors import BackendUnavailableError
from fastapi_fleet.kube.kinds import Object, ObjectKey
from fastapi_fleet.preflight.ask_alembic import REFUSED
from fastapi_fleet.preflight.schema_answer import schema_script
from fastapi_fleet.reconcile.backing_services import DRIFT_CHECK_SECONDS
from support.fleet import Fleet, child
from support.preflights import end_pod
from support.resources import fastapi_service, fleet_platform

COMMAND = ["alembic", "upgrade", "head"]
BLOCKING = {"migrations": {"command": COMMAND, "onSchemaAhead": "Block"}}
DEPLOYMENT = child("Deployment", "shop")
MIGRATOR_SECRET = child("Secret", "shop-migrations")


def shop(version: int = 1, **spec: Any) -> Object:
    spec = {"database": {"migrations": {"command": COMMAND}}, **spec}
    return fastapi_service(image=f"registry.example/shop:{version}", **spec)


SHOP = shop()


async def furnished(*resources: Object) -> Fleet:
    fleet = Fleet()
    await fleet.submit(fleet_platform(postgres={}))
    await fleet.roll_out()
    await fleet.submit(*resources)
    return fleet


async def running() -> Fleet:
    fleet = await furnished(SHOP)
    await end(fleet, "Complete")
    await fleet.roll_out()
    return fleet


def jobs(fleet: Fleet) -> dict[str, ObjectKey]:
    """By the tag of the image."""
    return {image_of(fleet, key).partition(":")[2]: key for key in fleet.kube.keys("Job")}


def image_of(fleet: Fleet, key: ObjectKey) -> str:
    image: str = fleet.kube.object(key)["spec"]["template"]["spec"]["containers"][0]["image"]
    return image


async def end(fleet: Fleet, how: str, tag: str = "1") -> None:
    condition = {"type": how, "status": "True", "message": "it is over"}
    fleet.kube.edit(jobs(fleet)[tag], lambda job: job.update(status={"conditions": [condition]}))
    await fleet.settle()


def condition(fleet: Fleet) -> tuple[str, str]:
    found = fleet.conditions(SHOP)["MigrationsComplete"]
    return found.status, found.reason


async def test_pods_start_when_the_migrations_of_their_image_are_complete() -> None:
    fleet = await furnished(SHOP)
    assert list(jobs(fleet)) == ["1"]
    assert not fleet.kube.has(DEPLOYMENT)
    assert condition(fleet) == ("False", "Migrating")
    assert fleet.conditions(SHOP)["Ready"].reason == "Migrating"
    await end(fleet, "Complete")
    assert fleet.kube.has(DEPLOYMENT)
    await fleet.roll_out()
    assert condition(fleet) == ("True", "Migrated")
    assert fleet.conditions(SHOP)["Ready"].status == "True"


async def test_migrations_log_in_as_the_migrator_and_pods_do_not_hold_that_login() -> None:
    fleet = await running()
    request = fleet.postgres.databases["team.shop"]
    url = base64.b64decode(fleet.kube.object(MIGRATOR_SECRET)["data"]["DATABASE_URL"]).decode()
    assert url == f"postgresql://team.shop.migrator:{request.migrator_password}@default-postgres:5432/team.shop"
    assert request.migrator_password != request.password
    (container,) = fleet.kube.object(jobs(fleet)["1"])["spec"]["template"]["spec"]["containers"]
    assert [
        item["valueFrom"]["secretKeyRef"]["name"] for item in container["env"] if item["name"] == "DATABASE_URL"
    ] == ["shop-migrations"]
    assert "shop-migrations" not in str(fleet.kube.object(DEPLOYMENT))


async def test_setting_migrations_restarts_no_pod() -> None:
    fleet = await furnished(shop(database={}))
    await fleet.roll_out()
    before = fleet.kube.object(DEPLOYMENT)["spec"]["template"]
    await fleet.submit(SHOP)
    await end(fleet, "Complete")
    assert fleet.kube.object(DEPLOYMENT)["spec"]["template"] == before


async def test_nothing_is_migrated_before_the_migrator_can_log_in() -> None:
    fleet = await running()
    fleet.postgres.failure = BackendUnavailableError("does not answer")
    fleet.time.advance(DRIFT_CHECK_SECONDS)
    await fleet.submit(shop(2))
    assert list(jobs(fleet)) == ["1"]
    assert condition(fleet) == ("Unknown", "Pending")
    fleet.postgres.failure = None
    fleet.time.advance(60.0)
    await fleet.settle()
    assert "2" in jobs(fleet)


async def test_revision_before_serves_until_the_migrations_of_the_next_are_complete() -> None:
    fleet = await running()
    await fleet.submit(shop(2))
    assert image_of(fleet, DEPLOYMENT).endswith(":1")
    await end(fleet, "Complete", "2")
    assert image_of(fleet, DEPLOYMENT).endswith(":2")


async def test_failed_migrations_are_kept_and_leave_the_revision_before_as_it_is() -> None:
    fleet = await running()
    await fleet.submit(shop(2))
    await end(fleet, "Failed", "2")
    assert condition(fleet) == ("False", "MigrationFailed")
    assert fleet.conditions(SHOP)["Stalled"].reason == "MigrationFailed"
    revision = fleet.kube.object(DEPLOYMENT)["metadata"]["annotations"][ANNOTATION_REVISION]
    assert f"revision {revision} stays" in fleet.conditions(SHOP)["Ready"].message
    assert image_of(fleet, DEPLOYMENT).endswith(":1")
    assert "2" in jobs(fleet)
    assert await fleet.pass_over(SHOP) == []


async def test_going_back_needs_no_migration() -> None:
    fleet = await running()
    await fleet.submit(shop(2))
    await end(fleet, "Failed", "2")
    written = await fleet.submit(SHOP)
    assert [call for call in written if call.kind == "Job" and call.verb == "apply"] == []
    assert list(jobs(fleet)) == ["1"], "what failed goes when nobody wants it any more"
    assert fleet.conditions(SHOP)["Ready"].status == "True"


async def test_going_back_by_rollback_needs_no_migration() -> None:
    fleet = await running()
    before = fleet.status(SHOP)["revision"]
    await fleet.submit(shop(2))
    await end(fleet, "Complete", "2")
    await fleet.roll_out()
    await fleet.submit(shop(2, rollout={"rollbackTo": before}))
    await fleet.roll_out()
    assert image_of(fleet, DEPLOYMENT).endswith(":1")
    assert sorted(jobs(fleet)) == ["1", "2"]
    assert fleet.conditions(SHOP)["Ready"].status == "True"


async def test_image_that_a_newer_schema_blocks_is_asked_anew_when_it_comes_back() -> None:
    fleet = await furnished(shop(database=BLOCKING))
    await end(fleet, "Complete")
    await fleet.roll_out()
    await fleet.submit(shop(2, database=BLOCKING))
    await end(fleet, "Complete", "2")
    await fleet.roll_out()
    await fleet.submit(shop(database=BLOCKING))
    assert condition(fleet) == ("False", "Migrating")
    end_pod(fleet.kube, jobs(fleet)["1"], REFUSED, {"outcome": "ahead", "heads": ["1"], "unknown": ["2"]})
    await end(fleet, "Failed")
    assert condition(fleet) == ("False", "SchemaAheadBlocked")
    assert fleet.conditions(SHOP)["Stalled"].reason == "SchemaAheadBlocked"
    assert image_of(fleet, DEPLOYMENT).endswith(":2"), "what ran goes on running"
    assert await fleet.pass_over(SHOP) == []


async def test_newer_schema_that_is_allowed_after_all_lets_the_image_in() -> None:
    fleet = await furnished(shop(database=BLOCKING))
    (blocked,) = fleet.kube.keys("Job")
    end_pod(fleet.kube, blocked, REFUSED, {"outcome": "ahead"})
    await end(fleet, "Failed")
    await fleet.submit(SHOP)
    (job,) = fleet.kube.keys("Job")
    end_pod(fleet.kube, job, 0, {"outcome": "ahead"})
    await end(fleet, "Complete")
    assert job != blocked
    assert condition(fleet) == ("True", "SchemaAhead")
    assert fleet.kube.has(DEPLOYMENT)


async def test_command_of_alembic_runs_within_the_script_and_what_was_found_is_not_asked_again() -> None:
    fleet = await furnished(SHOP)
    job = fleet.kube.object(jobs(fleet)["1"])["spec"]
    (container,) = job["template"]["spec"]["containers"]
    assert container["command"] == ["python3", "-c", schema_script()]
    assert container["args"] == ["Allow", "/dev/termination-log", *COMMAND]
    refused = {"containerName": "app", "operator": "In", "values": [REFUSED]}
    rule = job["podFailurePolicy"]["rules"][0]
    assert (rule["action"], rule["onExitCodes"]) == ("FailJob", refused)


async def test_any_other_command_runs_as_it_is() -> None:
    command = ["sh", "-c", "alembic upgrade head"]
    fleet = await furnished(shop(database={"migrations": {"command": command}}))
    job = fleet.kube.object(jobs(fleet)["1"])["spec"]
    (container,) = job["template"]["spec"]["containers"]
    assert (container["command"], "args" in container) == (command, False)
    assert [rule["action"] for rule in job["podFailurePolicy"]["rules"]] == ["Ignore"]


@pytest.mark.parametrize("command", [COMMAND, ["./migrate"]])
async def test_pod_that_goes_with_its_node_is_no_attempt(command: list[str]) -> None:
    fleet = await furnished(shop(database={"migrations": {"command": command}}))
    job = fleet.kube.object(jobs(fleet)["1"])["spec"]
    disrupted = [{"type": "DisruptionTarget", "status": "True"}]
    assert job["podFailurePolicy"]["rules"][-1] == {"action": "Ignore", "onPodConditions": disrupted}


async def test_deleted_job_runs_again() -> None:
    fleet = await furnished(SHOP)
    await end(fleet, "Failed")
    fleet.kube.remove(jobs(fleet)["1"])
    await fleet.settle()
    assert condition(fleet) == ("False", "Migrating")


async def test_migrations_of_two_images_never_run_beside_each_other() -> None:
    fleet = await furnished(SHOP)
    await fleet.submit(shop(2))
    assert list(jobs(fleet)) == ["1"], "neither interrupted nor joined"
    assert condition(fleet) == ("Unknown", "Pending")
    await end(fleet, "Failed", "1")
    assert list(jobs(fleet)) == ["2"]


async def test_job_is_written_once_whatever_of_the_spec_changes() -> None:
    fleet = await running()
    written = await fleet.submit(shop(config={"LOG_LEVEL": "DEBUG"}, replicas=2))
    assert [call for call in written if call.kind == "Job"] == []
    assert fleet.kube.object(DEPLOYMENT)["spec"]["replicas"] == 2


async def test_what_admission_made_of_the_pods_of_a_job_keeps_nothing_back() -> None:
    fleet = await furnished(SHOP)
    mirrored = {"image": "mirror.example/shop:1"}
    fleet.kube.edit(jobs(fleet)["1"], lambda job: job["spec"]["template"]["spec"]["containers"][0].update(mirrored))
    await end(fleet, "Complete")
    assert fleet.kube.has(DEPLOYMENT)
    assert await fleet.pass_over(SHOP) == []


async def test_another_command_is_another_job() -> None:
    fleet = await running()
    (before,) = fleet.kube.keys("Job")
    await fleet.submit(shop(database={"migrations": {"command": ["other"]}}))
    assert len(set(fleet.kube.keys("Job")) - {before}) == 1
    assert condition(fleet) == ("False", "Migrating")


async def test_without_migrations_the_service_does_what_the_owner_may_again() -> None:
    fleet = await running()
    await fleet.submit(shop(database={}))
    assert fleet.postgres.databases["team.shop"].migrator_password is None
    assert not fleet.kube.has(MIGRATOR_SECRET)
    assert "MigrationsComplete" not in fleet.conditions(SHOP)


async def test_pods_of_migrations_are_no_pods_of_an_older_revision() -> None:
    fleet = await running()
    template = fleet.kube.object(jobs(fleet)["1"])["spec"]["template"]
    assert template["metadata"]["labels"][LABEL_COMPONENT] == "migration"
    fleet.kube.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "shop-migrate-x", "namespace": "team", "labels": template["metadata"]["labels"]},
        }
    )
    await fleet.submit(shop(database=None))
    await fleet.roll_out()
    assert not fleet.kube.has(child("Secret", "shop-secrets")), "its URL went with the last pod that read it"
    assert fleet.conditions(SHOP)["Ready"].status == "True"


async def test_restarted_operator_finds_all_as_it_is() -> None:
    fleet = await running()
    restarted = fleet.restarted()
    await restarted.resync.prime()
    assert await restarted.settle() == []
