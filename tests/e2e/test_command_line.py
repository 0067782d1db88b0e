"""`fleet diff`, `logs` and `retry` on a real cluster: what they say is so, and how they end tells a script."""

import json
from pathlib import Path
from typing import Any

import pytest
from backends import run_sql
from command_line import FleetCommand, fleet_command
from fleet import SERVICE, Images, await_reason, get_json, guests, pods_of, service, start
from kubectl import Kubectl, Manifest, Resource

NAME = "asked"
DEPLOYMENT = "Deployment"
KINDS = "fastapiservices,deployments,services,serviceaccounts,secrets,configmaps,networkpolicies"

TABLE = "in_the_way"
MAKE_THE_TABLE = f"""
import asyncio, asyncpg, os
async def main():
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    await connection.execute("create table {TABLE} ()")
asyncio.run(main())
"""
MIGRATIONS = {"command": ["python", "-c", MAKE_THE_TABLE], "timeoutSeconds": 20}


@pytest.fixture
def asked(shared_cluster: Kubectl, images: Images) -> Kubectl:
    """A namespace with a service that runs its first version."""
    start(shared_cluster, of(images.v1))
    return shared_cluster


@pytest.fixture
def command(asked: Kubectl, tmp_path: Path) -> FleetCommand:
    return fleet_command(asked, tmp_path)


def of(image: str, **spec: Any) -> Manifest:
    return service(image, NAME, config={"GREETING": "hello"}, **spec)


def versions(cluster: Kubectl) -> dict[str, str]:
    """What tells a write to anything that a service consists of, but for its status."""
    return {f"{it['kind']}/{it['metadata']['name']}": version_of(it) for it in cluster.select(KINDS)}


def version_of(resource: Resource) -> str:
    metadata = resource["metadata"]
    return str(metadata.get("generation", metadata["resourceVersion"]))


def changed(cluster: Kubectl, before: dict[str, str], kind: str) -> set[str]:
    return {
        name for name, version in versions(cluster).items() if name.startswith(kind) and before.get(name) != version
    }


def test_diff_of_what_is_applied_finds_nothing(command: FleetCommand, images: Images) -> None:
    ended = command.run("diff", "-", given=of(images.v1))
    assert (ended.exit_code, ended.output, ended.errors) == (0, "nothing would change\n", "")


def test_diff_names_what_applying_changes_and_writes_nothing(
    command: FleetCommand, asked: Kubectl, images: Images
) -> None:
    before = versions(asked)
    ended = command.run("diff", "-", "--output", "json", given=of(images.v2))
    assert (ended.exit_code, versions(asked)) == (1, before)
    told = {(item["action"], item["kind"], item["name"]): item for item in json.loads(ended.output)["changes"]}
    assert set(told) == {("change", "FastAPIService", NAME), ("change", DEPLOYMENT, NAME)}
    assert told["change", DEPLOYMENT, NAME]["restarts"]
    start(asked, of(images.v2))
    assert changed(asked, before, DEPLOYMENT) == {f"{DEPLOYMENT}/{NAME}"}
    assert changed(asked, before, "Service/") == set()
    assert command.run("diff", "-", given=of(images.v2)).exit_code == 0


def test_diff_of_a_new_service_lists_what_is_made(command: FleetCommand, asked: Kubectl, images: Images) -> None:
    ended = command.run("diff", "-", given=service(images.v1, "newcomer"))
    assert ended.exit_code == 1
    assert f"+ {DEPLOYMENT} {asked.namespace}/newcomer" in ended.output
    assert asked.get(SERVICE, "newcomer") is None


def test_diff_of_an_invalid_service_tells_the_field(command: FleetCommand, images: Images) -> None:
    ended = command.run("diff", "-", given=of(images.v1, replicas=-1))
    assert (ended.exit_code, ended.output) == (1, "")
    assert "spec.replicas" in ended.errors


def test_logs_are_those_of_the_pods_that_run(command: FleetCommand, asked: Kubectl) -> None:
    (pod,) = (pod["metadata"]["name"] for pod in pods_of(asked, NAME))
    get_json(asked, "/environment/GREETING", NAME)
    ended = command.run("logs", NAME)
    assert ended.exit_code == 0
    assert any(line.startswith(pod) and "/environment/GREETING" in line for line in ended.output.splitlines())
    last = command.run("logs", NAME, "--tail", "1", "--output", "json")
    assert [json.loads(line)["pod"] for line in last.output.splitlines()] == [pod]


def test_followed_logs_go_on_with_the_pods_of_a_rollout_until_they_are_interrupted(
    command: FleetCommand, asked: Kubectl, images: Images
) -> None:
    with command.following("logs", NAME, "--follow", "--tail", "0") as followed:
        start(asked, of(images.v2))
        (pod,) = (pod["metadata"]["name"] for pod in pods_of(asked, NAME))
        followed.await_line(f"{pod} ", 30)
        get_json(asked, "/environment/AFTER_THE_ROLLOUT", NAME)
        followed.await_line("/environment/AFTER_THE_ROLLOUT", 30)
        assert followed.interrupt() == 0


def test_logs_that_nobody_wrote_end_with_1(command: FleetCommand, asked: Kubectl) -> None:
    ended = command.run("logs", NAME, "--previous")
    assert (ended.exit_code, ended.output) == (1, "")
    assert f"no service pod of {NAME} has such a log" in ended.errors
    assert command.run("logs", NAME, "--worker").exit_code == 1
    missing = command.run("logs", "nobody")
    assert (missing.exit_code, "there is no FastAPIService nobody" in missing.errors) == (1, True)
    assert command.run("logs", NAME, "--since", "yesterday").exit_code == 2


def test_retry_of_a_service_of_which_nothing_failed_ends_with_1(command: FleetCommand) -> None:
    ended = command.run("retry", NAME)
    assert (ended.exit_code, ended.output) == (1, "")
    assert f"no preflight and no migration of {NAME} has failed" in ended.errors


def test_cluster_that_does_not_answer_ends_with_3(command: FleetCommand, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    server = {"name": "nowhere", "cluster": {"server": "https://127.0.0.1:1", "insecure-skip-tls-verify": True}}
    context = {"name": "nowhere", "context": {"cluster": "nowhere", "user": "nobody"}}
    user = {"name": "nobody", "user": {"token": "none"}}
    config = {"clusters": [server], "contexts": [context], "users": [user], "current-context": "nowhere"}
    nowhere.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **config}))
    assert FleetCommand(nowhere, command.namespace).run("logs", NAME).exit_code == 3


def test_retry_runs_migrations_again_once_the_cause_is_gone(
    furnished_cluster: Kubectl, images: Images, tmp_path: Path
) -> None:
    cluster, command = furnished_cluster, fleet_command(furnished_cluster, tmp_path)
    database = f"{cluster.namespace}.{NAME}"
    manifest = guests(images, NAME)
    start(cluster, manifest)
    run_sql(cluster, f"create table {TABLE} ()", database)
    cluster.apply({**manifest, "spec": {**manifest["spec"], "database": {"migrations": MIGRATIONS}}})
    await_reason(cluster, "MigrationsComplete", "MigrationFailed", NAME, timeout=90)
    failed = migration(cluster)
    written = command.run("logs", NAME, "--migration")
    assert (written.exit_code, f'relation "{TABLE}" already exists' in written.output) == (0, True)

    run_sql(cluster, f"drop table {TABLE}", database)
    ended = command.run("retry", NAME)
    assert ended.exit_code == 0
    assert failed["metadata"]["name"] in ended.output
    cluster.await_condition(SERVICE, NAME, "MigrationsComplete")
    assert migration(cluster)["metadata"]["uid"] != failed["metadata"]["uid"]
    assert command.run("retry", NAME).exit_code == 1


def migration(cluster: Kubectl) -> Resource:
    (job,) = cluster.select("jobs", f"app.kubernetes.io/name={NAME},app.kubernetes.io/component=migration")
    return job
