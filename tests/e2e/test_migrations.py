"""Migrations apart from a service's pods: by a Job of their own login, while the service can change no table."""

import pytest
from backends import run_sql
from eventually import eventually
from fleet import SERVICE, Images, await_ready, await_reason, forwarded, guests, pods_of, serves, start
from kubectl import Kubectl, KubectlError, Manifest, Resource, condition_of
from test_pod_additions import SIDECAR, beside

NAME = "members"
MIGRATE = ["python", "-m", "fleetkit.migrate"]
FAIL = ["python", "-c", "raise SystemExit('the column is in the way')"]
REPAIR_SECONDS = 90.0
THREE_ATTEMPTS = 150.0
"""Between them the Job waits 10 and 20 seconds."""

FORBIDDEN = {
    "make a table": "create table more (id int)",
    "change one": "alter table users add column more int",
    "drop one": "drop table users",
    "empty one": "truncate users",
    "make a role": "create role more",
}


def members(images: Images, command: list[str]) -> Manifest:
    manifest = guests(images, NAME)
    manifest["spec"]["database"] = {"migrations": {"command": command}}
    return manifest


def migration_jobs(cluster: Kubectl) -> list[Resource]:
    return cluster.select("jobs", f"app.kubernetes.io/name={NAME},app.kubernetes.io/component=migration")


def register(cluster: Kubectl, address: str) -> int:
    with forwarded(cluster, NAME) as service:
        return service.post("/users", json={"email": address, "name": "Ada"}).status_code


@pytest.fixture(scope="module")
def migrated(furnished_cluster: Kubectl, images: Images) -> Kubectl:
    """A service that has migrated itself so far, and gets migrations of its own now."""
    start(furnished_cluster, guests(images, NAME))
    assert register(furnished_cluster, "before@example.com") == 201
    (before,) = serving(furnished_cluster)
    start(furnished_cluster, members(images, MIGRATE))
    assert [pod["metadata"]["uid"] for pod in serving(furnished_cluster)] == [before["metadata"]["uid"]]
    return furnished_cluster


def serving(cluster: Kubectl) -> list[Resource]:
    return [pod for pod in pods_of(cluster, NAME) if serves(pod)]


def as_service(cluster: Kubectl, statement: str) -> str:
    account = f"{cluster.namespace}.{NAME}"
    return run_sql(cluster, f'set role "{account}"; {statement}', database=account)


def test_service_goes_on_with_its_data_and_without_a_restart(migrated: Kubectl) -> None:
    (job,) = migration_jobs(migrated)
    assert condition_of(job, "Complete")["status"] == "True"
    assert as_service(migrated, "select count(*) from users where email = 'before@example.com'").endswith("1")
    assert register(migrated, "after@example.com") == 201


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_service_may_not(migrated: Kubectl, statement: str) -> None:
    with pytest.raises(KubectlError, match=r"permission denied|must be owner"):
        as_service(migrated, statement)


def test_service_reaches_no_database_for_maintenance(migrated: Kubectl) -> None:
    account = f"{migrated.namespace}.{NAME}"
    for database in ("postgres", "template1"):
        may = run_sql(migrated, f"select has_database_privilege('{account}', '{database}', 'CONNECT')")
        assert may == "f"


def test_failed_migration_is_kept_and_named_and_the_revision_before_serves(migrated: Kubectl, images: Images) -> None:
    (before,) = serving(migrated)
    migrated.apply(members(images, FAIL))
    told = await_reason(migrated, "MigrationsComplete", "MigrationFailed", NAME, timeout=THREE_ATTEMPTS)
    assert "ended with exit code 1: the column is in the way" in told["message"]
    assert f"revision {before['metadata']['annotations']['fastapi-fleet.io/revision']} stays" in told["message"]
    (job,) = migration_jobs(migrated)
    assert condition_of(job, "Failed")["status"] == "True"
    assert [pod["metadata"]["uid"] for pod in serving(migrated)] == [before["metadata"]["uid"]]
    migrated.patch(SERVICE, NAME, {"spec": {"database": {"migrations": {"command": MIGRATE}}}})
    await_ready(migrated, NAME)
    (job,) = migration_jobs(migrated)
    assert condition_of(job, "Complete")["status"] == "True"


def test_migrations_have_what_the_service_has_beside_it_and_end_all_the_same(migrated: Kubectl, images: Images) -> None:
    nothing_to_do = ["python", "-c", "print('nothing to do')"]
    manifest = members(images, nothing_to_do)
    manifest["spec"]["pod"] = {
        "initContainers": [beside(images.v1, "wait", command=["python", "-c", "pass"])],
        "sidecars": [beside(images.v1, "proxy", command=SIDECAR)],
    }
    start(migrated, manifest)
    (job,) = (job for job in migration_jobs(migrated) if nothing_to_do in commands_of(job))
    assert condition_of(job, "Complete")["status"] == "True"
    (pod,) = migrated.select("pods", f"batch.kubernetes.io/job-name={job['metadata']['name']}")
    assert {status["name"] for status in pod["status"]["initContainerStatuses"]} == {"wait", "proxy"}


def commands_of(job: Resource) -> list[list[str]]:
    return [container["command"] for container in job["spec"]["template"]["spec"]["containers"]]


def test_lost_migrator_and_a_service_made_owner_are_repaired(migrated: Kubectl) -> None:
    account = f"{migrated.namespace}.{NAME}"
    run_sql(migrated, f'drop role "{account}.migrator"')
    run_sql(migrated, f'grant "{account}.owner" to "{account}"')

    def repaired() -> None:
        assert run_sql(migrated, f"select rolcanlogin from pg_roles where rolname = '{account}.migrator'") == "t"  # noqa: S608 - a test's own name
        assert run_sql(migrated, f"select pg_has_role('{account}', '{account}.owner', 'MEMBER')") == "f"

    eventually(repaired, REPAIR_SECONDS)
