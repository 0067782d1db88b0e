"""The commands that ask a cluster, against one in memory that is asked over HTTP, in which the operator is at work."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi_fleet.cli.app import app
from fastapi_fleet.constants import (
    ANNOTATION_REVISION,
    LABEL_COMPONENT,
    LABEL_OWNER_KIND,
    LABEL_OWNER_NAME,
)
from fastapi_fleet.kube.kinds import DEPLOYMENT, Object, ObjectKey
from fastapi_fleet.status.revisions import image_of
from support.api_server import free_port, write_kubeconfig
from support.commanded_cluster import SHOP
from support.commanded_cluster import CommandedCluster as Cluster
from support.resources import fastapi_service, fleet_platform
from support.rollouts import run_out
from typer.testing import CliRunner


def pod_of(deployment: Object, **status: Any) -> Object:
    """A pod of the newest revision."""
    annotations = deployment["spec"]["template"]["metadata"]["annotations"]
    labels = {LABEL_OWNER_KIND: "FastAPIService", LABEL_OWNER_NAME: "shop", LABEL_COMPONENT: "service"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "shop-1",
            "namespace": "team",
            "labels": labels,
            "annotations": {ANNOTATION_REVISION: annotations[ANNOTATION_REVISION]},
        },
        "status": {"phase": "Running", "startTime": "2026-01-01T00:00:00Z", **status},
    }


CRASHING = {
    "name": "app",
    "ready": False,
    "restartCount": 4,
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 3, "message": "password canary-9 is wrong"}},
}


async def test_ready_service_is_told_with_0(cluster: Cluster) -> None:
    await cluster.operator.submit(fleet_platform(postgres={}), fastapi_service(database={}))
    await cluster.operator.roll_out()
    await cluster.operator.roll_out()
    result = await cluster.fleet("status", "shop")
    assert (result.exit_code, result.errors) == (0, "")
    assert result.output.startswith("✔ shop in team: ready, Available: ")
    for words in (
        "✔ DatabaseReady",
        "1 of 1 ready",
        "FleetPlatform default",
        "✔ PostgresReady",
        "http://shop.team.svc",
    ):
        assert words in result.output


async def test_failing_service_is_told_with_its_pod_and_what_to_do_and_1(cluster: Cluster) -> None:
    await cluster.operator.submit(fastapi_service())
    deployment = cluster.server.kube.object(ObjectKey(DEPLOYMENT.name, "team", "shop"))
    cluster.server.kube.create(pod_of(deployment, containerStatuses=[CRASHING]))
    await cluster.operator.pass_over(fastapi_service())
    result = await cluster.fleet("status", "shop")
    assert result.exit_code == 1
    assert "✘ shop in team: not ready" in result.output
    assert "what to do: " in result.output
    pod = next(line for line in result.output.splitlines() if "shop-1" in line and "4 restarts" in line)
    assert "✘ shop-1 CrashLoop" in pod
    assert "canary-9" not in pod, "what a container said may hold a secret that only the operator knows"


async def test_programs_get_the_report_as_data(cluster: Cluster) -> None:
    await cluster.operator.submit(fastapi_service(), fastapi_service("users"))
    one = json.loads((await cluster.fleet("status", "shop", "-o", "json")).output)
    assert (one["name"], one["ready"], one["seen"], one["platform"]) == ("shop", False, True, None)
    assert {item["type"] for item in one["conditions"]} >= {"SpecValid", "RolloutComplete"}
    assert one["revisions"][0]["wanted"] is True
    every = json.loads((await cluster.fleet("status", "-o", "json")).output)
    assert [item["name"] for item in every] == ["shop", "users"]


async def test_all_services_are_told_in_a_line_each(cluster: Cluster) -> None:
    await cluster.operator.submit(fastapi_service(), fastapi_service("users"))
    await cluster.operator.roll_out()
    result = await cluster.fleet("status")
    assert result.exit_code == 0
    assert [line.split()[:3] for line in result.output.splitlines()[1:]] == [
        ["✔", "shop", "Available"],
        ["✔", "users", "Available"],
    ]


async def test_service_that_the_operator_has_not_seen_is_told_so(cluster: Cluster) -> None:
    cluster.server.kube.create(fastapi_service())
    result = await cluster.fleet("status", "shop")
    assert result.exit_code == 1
    assert "Pending: the operator has not seen the resource yet" in result.output


async def test_service_that_is_not_there_is_told_with_those_that_are(cluster: Cluster) -> None:
    cluster.server.kube.create(fastapi_service("users"))
    result = await cluster.fleet("status", "shop")
    assert (result.exit_code, result.output) == (1, "")
    assert result.errors == "error: there is no FastAPIService shop in namespace team\n  There are users.\n"
    elsewhere = await cluster.fleet("pause", "shop", "-n", "elsewhere")
    assert (elsewhere.exit_code, "name another by -n" in elsewhere.errors) == (1, True)


async def test_namespace_without_services_is_named(cluster: Cluster) -> None:
    result = await cluster.fleet("status", "-n", "elsewhere")
    assert (result.exit_code, result.output) == (0, "There is no FastAPIService in namespace elsewhere.\n")


async def test_pod_of_a_job_that_is_over_is_no_failure(cluster: Cluster) -> None:
    await cluster.operator.submit(fastapi_service())
    deployment = cluster.server.kube.object(ObjectKey(DEPLOYMENT.name, "team", "shop"))
    over = pod_of(deployment, phase="Succeeded")
    over["metadata"]["labels"][LABEL_COMPONENT] = "migration"
    cluster.server.kube.create(over)
    assert "✔ shop-1 Succeeded migration" in (await cluster.fleet("status", "shop")).output


async def test_mark_alone_has_the_colour_of_what_it_says(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    await cluster.operator.submit(fastapi_service())
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("support.command_line.ENVIRONMENT", {"COLUMNS": "120", "TERM": "xterm"})
    assert "\x1b[32m✔\x1b[0m SpecValid" in (await cluster.fleet("status", "shop")).output


async def test_pause_and_resume(cluster: Cluster) -> None:
    await cluster.operator.submit(fastapi_service())
    for _ in range(2):
        result = await cluster.fleet("pause", "shop")
        assert (result.exit_code, cluster.spec()["paused"]) == (0, True)
    result = await cluster.fleet("resume", "shop")
    assert (result.exit_code, cluster.spec()["paused"]) == (0, False)
    assert "fleet status shop" in result.output


async def rolled_out_twice(cluster: Cluster) -> list[str]:
    """Revisions of the history, newest first."""
    await cluster.operator.submit(fastapi_service(rollout={"minReadySeconds": 2}))
    await cluster.operator.roll_out()
    cluster.server.kube.edit(SHOP, lambda shop: shop["spec"].update(image="registry.example/shop:2"))
    await cluster.operator.settle()
    await cluster.operator.roll_out()
    return [record["revision"] for record in cluster.operator.status(fastapi_service())["history"]]


async def test_rollback_takes_the_newest_other_revision_that_was_ready_and_back(cluster: Cluster) -> None:
    _, first = await rolled_out_twice(cluster)
    result = await cluster.fleet("rollback", "shop")
    assert (result.exit_code, f"revision {first}" in result.output) == (0, True)
    assert cluster.spec()["rollout"] == {"minReadySeconds": 2, "rollbackTo": first}
    await cluster.operator.settle()
    deployment = cluster.server.kube.object(ObjectKey(DEPLOYMENT.name, "team", "shop"))
    assert image_of(deployment) == "registry.example/shop:1"
    assert (await cluster.fleet("rollback", "shop", "--end")).exit_code == 0
    assert cluster.spec()["rollout"] == {"minReadySeconds": 2}


async def failed_after_two(cluster: Cluster) -> tuple[str, str]:
    """The third revision does not get ready. Returns it and the second, which runs in its place."""
    ready, _ = await rolled_out_twice(cluster)
    await cluster.operator.submit(fastapi_service(image="registry.example/shop:3"))
    failed = cluster.operator.status(fastapi_service())["revision"]
    await run_out(cluster.operator, ObjectKey(DEPLOYMENT.name, "team", "shop"))
    await cluster.operator.roll_out()
    return failed, ready


async def test_revision_that_was_replaced_by_itself_is_told_with_the_one_that_runs(cluster: Cluster) -> None:
    failed, ready = await failed_after_two(cluster)
    result = await cluster.fleet("status", "shop")
    assert result.exit_code == 1
    for words in (
        f"✘ shop in team: not ready, NotReadyInTime: revision {failed} (registry.example/shop:3) did not get ready",
        "what to do: Read the message; correct the spec",
        "✘ RolledBack NotReadyInTime",
        f"✘ {failed} (asked for; {ready} runs in its place)",
    ):
        assert words in result.output
    assert "(the newest)" not in result.output


async def test_rollback_by_hand_keeps_to_the_revision_that_runs_already(cluster: Cluster) -> None:
    _, ready = await failed_after_two(cluster)
    assert (await cluster.fleet("rollback", "shop")).exit_code == 0
    assert cluster.spec()["rollout"] == {"rollbackTo": ready}


async def test_rollback_refuses_what_status_does_not_tell_of(cluster: Cluster) -> None:
    newest, first = await rolled_out_twice(cluster)
    result = await cluster.fleet("rollback", "shop", "--to", "0123456789abcdef")
    assert (result.exit_code, f"{newest}, {first}" in result.errors) == (1, True)
    assert "rollbackTo" not in cluster.spec()["rollout"]
    both = await cluster.fleet("rollback", "shop", "--to", first, "--end")
    assert both.exit_code == 2


async def test_rollback_of_the_first_revision_has_nowhere_to_go(cluster: Cluster) -> None:
    await cluster.operator.submit(fastapi_service())
    result = await cluster.fleet("rollback", "shop")
    assert (result.exit_code, "no other revision was ever ready" in result.errors) == (1, True)


async def test_cluster_that_refuses_or_is_away_ends_with_3(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.server.refuse("GET", "FastAPIService", 403)
    result = await cluster.fleet("status", "shop")
    assert (result.exit_code, "refused by the test" in result.errors) == (3, True)
    assert "kubectl" in result.errors
    write_kubeconfig(tmp_path / "away", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "away"))
    assert (await cluster.fleet("status")).exit_code == 3
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    result = await cluster.fleet("status")
    assert (result.exit_code, "cannot log in" in result.errors) == (3, True)


def add_context(path: Path, name: str, **cluster: str) -> None:
    """Another context beside the current one."""
    config = yaml.safe_load(path.read_text())
    config["clusters"].append({"name": name, "cluster": cluster})
    config["contexts"].append({"name": name, "context": {"cluster": name, "user": "stub", "namespace": "elsewhere"}})
    path.write_text(yaml.safe_dump(config))


ASKING = ("approve", "diff", "logs", "pause", "resume", "retry", "rollback", "rotate", "status")


@pytest.mark.parametrize("command", ASKING)
async def test_every_command_asks_the_cluster_of_the_named_context(
    cluster: Cluster, tmp_path: Path, command: str
) -> None:
    address = f"127.0.0.1:{free_port()}"
    add_context(Path(os.environ["KUBECONFIG"]), "away", server=f"http://{address}")
    (tmp_path / "shop.yaml").write_text(yaml.safe_dump(fastapi_service()))
    about = [str(tmp_path / "shop.yaml")] if command == "diff" else ["shop"]
    result = await cluster.fleet(command, *about, "--context", "away")
    assert (result.exit_code, address in result.errors) == (3, True)


async def test_context_has_a_namespace_of_its_own_and_is_named_where_it_is_not_there(cluster: Cluster) -> None:
    add_context(Path(os.environ["KUBECONFIG"]), "other", server=cluster.server.url)
    result = await cluster.fleet("status", "shop", "--context", "other")
    assert "there is no FastAPIService shop in namespace elsewhere" in result.errors
    result = await cluster.fleet("status", "shop", "--context", "gone")
    assert (result.exit_code, "lacks the context gone, and has other, stub" in result.errors) == (3, True)


async def test_certificates_that_cannot_be_read_are_an_error_and_no_traceback(cluster: Cluster) -> None:
    path = Path(os.environ["KUBECONFIG"])
    add_context(path, "lost", server="https://127.0.0.1", **{"certificate-authority": "gone.crt"})
    result = await cluster.fleet("status", "--context", "lost")
    assert (result.exit_code, "certificates cannot be read" in result.errors) == (3, True)


async def completed(typed: str) -> list[str]:
    """What bash is offered."""
    words = {"_FLEET_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    result = await asyncio.to_thread(CliRunner(env=words).invoke, app, [], prog_name="fleet")
    return result.stdout.split()


async def test_shell_completes_names_of_services(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("shop", "shipping", "users"):
        cluster.server.kube.create(fastapi_service(name))
    assert await completed("fleet status sh") == ["shop", "shipping"]
    assert await completed("fleet logs -n elsewhere s") == []
    cluster.server.refuse("GET", "FastAPIService", 403)
    assert await completed("fleet retry s") == []
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    assert await completed("fleet pause s") == []
