"""Migrations by Alembic: real images with several heads, behind the database, and with nothing to do."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from fleet import READY_SECONDS, SERVICE, Images, await_ready, await_reason, guests, pods_of, serves, start
from kubectl import Kubectl, Manifest, Resource, condition_of

REPOSITORY = Path(__file__).parents[2]
NAME = "librarians"
MIGRATE = ["python", "-m", "fleetkit.migrate"]
ALEMBIC = ["alembic", "upgrade", "head"]
NEWEST = "0004"
BUILD_SECONDS = 120
MIGRATIONS = "app.kubernetes.io/component=migration"


@pytest.fixture(scope="module")
def variants(images: Images) -> dict[str, str]:
    """Images of the users service with other migrations."""
    script = REPOSITORY / "hack" / "load-migration-images.sh"
    done = subprocess.run([script, images.users], stdout=subprocess.PIPE, text=True, check=True, timeout=BUILD_SECONDS)
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def librarians(images: Images, image: str, command: list[str] = MIGRATE, **migrations: Any) -> Manifest:
    manifest = guests(images, NAME)
    manifest["spec"]["image"] = image
    manifest["spec"]["database"] = {"migrations": {"command": command, **migrations}}
    return manifest


def serving(cluster: Kubectl) -> list[str]:
    return [pod["metadata"]["uid"] for pod in pods_of(cluster, NAME) if serves(pod)]


def await_migrated(cluster: Kubectl, reason: str) -> Resource:
    """The resource, once its migrations are complete for that reason and it is Ready."""

    def is_so(resource: Resource) -> bool:
        condition = condition_of(resource, "MigrationsComplete")
        return (condition["status"], condition["reason"]) == ("True", reason)

    cluster.await_state(SERVICE, NAME, is_so, timeout=READY_SECONDS)
    return await_ready(cluster, NAME)


def failed_attempts(cluster: Kubectl) -> list[int]:
    jobs = cluster.select("jobs", f"app.kubernetes.io/name={NAME},{MIGRATIONS}")
    return [job["status"]["failed"] for job in jobs if job["status"].get("failed")]


@pytest.fixture(scope="module")
def migrated(furnished_cluster: Kubectl, images: Images, variants: dict[str, str]) -> Kubectl:
    """By Alembic's own command, under the lock."""
    start(furnished_cluster, librarians(images, variants["alembic"], ALEMBIC))
    await_migrated(furnished_cluster, "Migrated")
    log = furnished_cluster.run("logs", f"--selector=app.kubernetes.io/name={NAME},{MIGRATIONS}", "--tail=-1")
    assert ("No lock" in log, "not known" in log) == (False, False), log
    return furnished_cluster


def test_several_heads_are_named_and_nothing_is_run(
    migrated: Kubectl, images: Images, variants: dict[str, str]
) -> None:
    before = serving(migrated)
    migrated.apply(librarians(images, variants["two-heads"]))
    told = await_reason(migrated, "MigrationsComplete", "SeveralHeads", NAME)
    assert f"several heads, {NEWEST}; beside" in told["message"]
    assert "stays)" in told["message"]
    assert (serving(migrated), failed_attempts(migrated)) == (before, [1])


def test_image_that_the_database_is_ahead_of_is_blocked_and_what_serves_stays(
    migrated: Kubectl, images: Images, variants: dict[str, str]
) -> None:
    before = serving(migrated)
    migrated.apply(librarians(images, variants["older"], onSchemaAhead="Block"))
    told = await_reason(migrated, "MigrationsComplete", "SchemaAheadBlocked", NAME)
    assert (
        f"the database is at {NEWEST}, which the image does not know, whose migrations end at 0003" in told["message"]
    )
    resource = migrated.get(SERVICE, NAME)
    assert resource is not None
    assert condition_of(resource, "Stalled")["reason"] == "SchemaAheadBlocked"
    assert (serving(migrated), resource["status"]["image"], failed_attempts(migrated)) == (
        before,
        variants["alembic"],
        [1],
    )


def test_image_that_the_database_is_ahead_of_runs_where_that_is_allowed(
    migrated: Kubectl, images: Images, variants: dict[str, str]
) -> None:
    migrated.apply(librarians(images, variants["older"], onSchemaAhead="Allow"))
    ready = await_migrated(migrated, "SchemaAhead")
    assert ready["status"]["image"] == variants["older"]


def test_image_whose_revision_the_database_has_runs_no_migration(migrated: Kubectl, images: Images) -> None:
    migrated.apply(librarians(images, images.users, onSchemaAhead="Block"))
    ready = await_migrated(migrated, "SchemaCurrent")
    assert condition_of(ready, "MigrationsComplete")["message"] == f"nothing was run: the database is at {NEWEST}"
    assert ready["status"]["image"] == images.users
