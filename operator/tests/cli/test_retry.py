"""`fleet retry`, with the operator at work in the same cluster."""

from typing import Any

import pytest
from fastapi_fleet.kube.kinds import DEPLOYMENT, JOB, Object, ObjectKey
from support.commanded_cluster import CommandedCluster
from support.fleet import child
from support.resources import fastapi_service, fleet_platform

SHOP = fastapi_service(database={"migrations": {"command": ["alembic", "upgrade", "head"]}})


def fail(job: Object) -> None:
    job["status"] = {"conditions": [{"type": "Failed", "status": "True", "message": "BackoffLimitExceeded"}]}


async def migrating(cluster: CommandedCluster) -> ObjectKey:
    """The Job of a service whose database is there."""
    await cluster.operator.submit(fleet_platform(postgres={}), SHOP)
    await cluster.operator.roll_out()
    (job,) = cluster.server.kube.keys(JOB.name)
    return job


async def test_failed_migration_runs_again_and_the_service_after_it(cluster: CommandedCluster) -> None:
    job = await migrating(cluster)
    cluster.server.kube.edit(job, fail)
    await cluster.operator.settle()
    assert cluster.operator.conditions(SHOP)["MigrationsComplete"].reason == "MigrationFailed"
    before = cluster.server.kube.object(job)["metadata"]["uid"]
    result = await cluster.fleet("retry", "shop")
    assert (result.exit_code, result.errors) == (0, "")
    assert result.output.startswith(f"shop tries again in place of {job.name}. ")
    await cluster.operator.settle()
    assert cluster.server.kube.object(job)["metadata"]["uid"] != before
    assert cluster.operator.conditions(SHOP)["MigrationsComplete"].reason == "Migrating"
    assert not cluster.server.kube.has(child(DEPLOYMENT.name, "shop"))
    await cluster.operator.roll_out()
    assert cluster.server.kube.has(child(DEPLOYMENT.name, "shop"))


@pytest.mark.parametrize("status", [{}, {"conditions": [{"type": "Complete", "status": "True"}]}])
async def test_migration_that_runs_or_has_run_is_left_alone(cluster: CommandedCluster, status: dict[str, Any]) -> None:
    job = await migrating(cluster)
    cluster.server.kube.edit(job, lambda obj: obj.update(status=status))
    result = await cluster.fleet("retry", "shop")
    assert (result.exit_code, result.output) == (1, "")
    assert "no preflight and no migration of shop has failed" in result.errors
    assert cluster.server.kube.has(job)


async def test_paused_service_is_not_touched(cluster: CommandedCluster) -> None:
    job = await migrating(cluster)
    cluster.server.kube.edit(job, fail)
    await cluster.fleet("pause", "shop")
    result = await cluster.fleet("retry", "shop")
    assert (result.exit_code, "fleet resume shop" in result.errors) == (1, True)
    assert cluster.server.kube.has(job)


async def test_job_of_a_predecessor_is_not_touched(cluster: CommandedCluster) -> None:
    job = await migrating(cluster)
    cluster.server.kube.edit(job, fail)
    cluster.server.kube.edit(job, lambda obj: obj["metadata"]["ownerReferences"][0].update(uid="another"))
    assert (await cluster.fleet("retry", "shop")).exit_code == 1
    assert cluster.server.kube.has(job)


async def test_job_that_took_the_place_of_the_failed_one_meanwhile_stays(cluster: CommandedCluster) -> None:
    job = await migrating(cluster)
    cluster.server.kube.edit(job, fail)
    cluster.server.kube.meanwhile(
        "delete", JOB.name, lambda: cluster.server.kube.edit(job, lambda obj: obj["metadata"].update(uid="newer"))
    )
    result = await cluster.fleet("retry", "shop")
    assert (result.exit_code, cluster.server.kube.has(job)) == (3, True)


async def test_failed_preflight_runs_again(cluster: CommandedCluster) -> None:
    await cluster.operator.submit(fastapi_service(preflight={}))
    (job,) = cluster.server.kube.keys(JOB.name)
    cluster.server.kube.edit(job, fail)
    await cluster.operator.settle()
    assert cluster.operator.conditions(SHOP)["ConfigValid"].reason == "PreflightFailed"
    assert (await cluster.fleet("retry", "shop")).exit_code == 0
    await cluster.operator.settle()
    assert cluster.operator.conditions(SHOP)["ConfigValid"].reason == "Checking"
