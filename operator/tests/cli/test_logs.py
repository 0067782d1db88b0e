"""`fleet logs`: of which pods, and how."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi_fleet.cli.log_stream import Sink, follow_logs
from fastapi_fleet.constants import (
    ANNOTATION_REVISION,
    LABEL_COMPONENT,
    LABEL_MANAGED_BY,
    LABEL_OWNER_KIND,
    LABEL_OWNER_NAME,
    LABEL_TRACK,
    MANAGED_BY,
)
from fastapi_fleet.handlers.login import log_in
from fastapi_fleet.kube.connection import Connection
from fastapi_fleet.kube.http_client import HttpKubeClient
from fastapi_fleet.kube.kinds import DEPLOYMENT, JOB, Object, ObjectKey
from fastapi_fleet.status.jobs import LABEL_JOB
from fastapi_fleet.status.revisions import revision_of
from support.commanded_cluster import CommandedCluster
from support.fleet import child
from support.resources import fastapi_service, fleet_platform
from support.waiting import until

MIGRATING: dict[str, Any] = {"database": {"migrations": {"command": ["alembic", "upgrade", "head"]}}}


HEEDING_THE_KEYBOARD = ("env", "--default-signal=INT")
"""A shell has what it starts in the background ignore SIGINT, and a test run that it starts so hands that on."""

BOUNDS = {"tailLines": "1", "sinceSeconds": "60"}


def pod(name: str, component: str = "service", revision: str = "") -> Object:
    owner = {LABEL_OWNER_KIND: "FastAPIService", LABEL_OWNER_NAME: "shop", LABEL_COMPONENT: component}
    owner[LABEL_MANAGED_BY] = MANAGED_BY
    metadata = {
        "name": name,
        "namespace": "team",
        "labels": owner,
        "annotations": {ANNOTATION_REVISION: revision},
        "creationTimestamp": f"2026-01-01T00:00:0{name[-1]}Z",
    }
    running = {"name": "app", "restartCount": 0, "state": {"running": {}}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": {"containerStatuses": [running]}}


async def shop(cluster: CommandedCluster) -> str:
    """Its newest revision."""
    await cluster.operator.submit(fastapi_service(worker={}))
    deployment = cluster.server.kube.object(child(DEPLOYMENT.name, "shop"))
    return revision_of(deployment["spec"]["template"]) or ""


def put(cluster: CommandedCluster, pod: Object, *written: bytes) -> None:
    cluster.server.kube.create(pod)
    cluster.server.logs[pod["metadata"]["name"]] = list(written)


async def test_lines_of_the_newest_revision_are_told_with_their_pods(cluster: CommandedCluster) -> None:
    newest = await shop(cluster)
    event = json.dumps({"event": "started", "level": "info", "port": 8000}).encode()
    put(cluster, pod("shop-b2", revision=newest), b"plain\nend without newline")
    put(cluster, pod("shop-a1", revision=newest), event + b"\n")
    put(cluster, pod("shop-old0", revision="earlier"), b"old\n")
    put(cluster, pod("shop-worker-0", "worker", newest), b"worker\n")
    result = await cluster.fleet("logs", "shop")
    assert (result.exit_code, result.errors) == (0, "")
    assert result.output.splitlines() == [
        "shop-a1 info    started port=8000",
        "shop-b2 plain",
        "shop-b2 end without newline",
    ]
    every = await cluster.fleet("logs", "shop", "--all-revisions")
    assert every.output.splitlines()[0] == "shop-old0 old"


async def test_where_no_pod_of_the_newest_revision_is_there_those_that_serve_are_told(
    cluster: CommandedCluster,
) -> None:
    await shop(cluster)
    put(cluster, pod("shop-old0", revision="earlier"), b"old\n")
    assert (await cluster.fleet("logs", "shop")).output == "shop-old0 old\n"


async def test_worker_has_logs_of_its_own(cluster: CommandedCluster) -> None:
    await shop(cluster)
    worker = cluster.server.kube.object(child(DEPLOYMENT.name, "shop-worker"))
    put(cluster, pod("shop-1", revision="x"), b"service\n")
    put(cluster, pod("shop-worker-1", "worker", revision_of(worker["spec"]["template"]) or ""), b"worker\n")
    put(cluster, pod("shop-worker-2", "worker", "earlier"), b"old\n")
    assert (await cluster.fleet("logs", "shop", "--worker")).output == "shop-worker-1 worker\n"


async def test_migration_is_the_newest_job(cluster: CommandedCluster) -> None:
    await cluster.operator.submit(fleet_platform(postgres={}), fastapi_service(**MIGRATING))
    await cluster.operator.roll_out()
    (job,) = cluster.server.kube.keys(JOB.name)
    cluster.server.kube.edit(job, lambda obj: obj["metadata"].update(creationTimestamp="2026-01-02T00:00:00Z"))
    before = cluster.server.kube.object(job)
    earlier = {"name": "shop-migrate-0", "creationTimestamp": "2026-01-01T00:00:00Z", "uid": "earlier"}
    cluster.server.kube.create({**before, "metadata": {**before["metadata"], **earlier}})
    for name, of in (("first-1", "shop-migrate-0"), ("second-2", job.name)):
        made = pod(name, "migration")
        made["metadata"]["labels"][LABEL_JOB] = of
        put(cluster, made, f"of {of}\n".encode())
    assert (await cluster.fleet("logs", "shop", "--migration")).output == f"second-2 of {job.name}\n"


async def test_preflight_is_the_newest_job(cluster: CommandedCluster) -> None:
    await cluster.operator.submit(fastapi_service(preflight={}))
    (job,) = cluster.server.kube.keys(JOB.name)
    made = pod("asked-1", "preflight")
    made["metadata"]["labels"][LABEL_JOB] = job.name
    put(cluster, made, b"cannot import app.config\n")
    put(cluster, pod("shop-1", revision=""), b"serves\n")
    assert (await cluster.fleet("logs", "shop", "--preflight")).output == "asked-1 cannot import app.config\n"


@pytest.mark.parametrize("component", ["service", "canary"])
async def test_canary_is_told_apart_from_what_serves(cluster: CommandedCluster, component: str) -> None:
    put(cluster, pod("shop-1", revision=await shop(cluster)), b"serves\n")
    coming = pod("shop-canary-2", component, revision="coming")
    coming["metadata"]["labels"][LABEL_TRACK] = "canary"
    put(cluster, coming, b"tries\n")
    assert (await cluster.fleet("logs", "shop", "--canary")).output == "shop-canary-2 tries\n"
    assert (await cluster.fleet("logs", "shop")).output == "shop-1 serves\n"


async def test_container_before_the_restart(cluster: CommandedCluster) -> None:
    revision = await shop(cluster)
    put(cluster, pod("shop-1", revision=revision), b"crashed\n", b"runs\n")
    put(cluster, pod("shop-2", revision=revision), b"runs\n")
    result = await cluster.fleet("logs", "shop", "--previous")
    assert (result.exit_code, result.output) == (0, "shop-1 crashed\n")
    assert 'shop-2: container "app" in pod "shop-2" has no such log' in result.errors


async def test_what_is_asked_for_goes_to_the_cluster(cluster: CommandedCluster) -> None:
    put(cluster, pod("shop-1", revision=await shop(cluster)), b"runs\n")
    await cluster.fleet("logs", "shop", "--since", "10m", "--tail", "5")
    assert cluster.server.log_queries == [{"container": "app", "sinceSeconds": "600", "tailLines": "5"}]


async def test_programs_get_every_line_as_data(cluster: CommandedCluster) -> None:
    put(cluster, pod("shop-1", revision=await shop(cluster)), b'{"event": "x", "level": "info"}\nwords\n42\n')
    result = await cluster.fleet("logs", "shop", "-o", "json")
    assert [json.loads(line) for line in result.output.splitlines()] == [
        {"pod": "shop-1", "line": {"event": "x", "level": "info"}},
        {"pod": "shop-1", "line": "words"},
        {"pod": "shop-1", "line": "42"},
    ]
    documents = (await cluster.fleet("logs", "shop", "-o", "yaml")).output
    assert documents.startswith("---\npod: shop-1\nline:\n  event: x\n")
    assert [document["line"] for document in yaml.safe_load_all(documents)][1:] == ["words", "42"]


async def test_line_of_any_length_arrives_whole(cluster: CommandedCluster) -> None:
    put(cluster, pod("shop-1", revision=await shop(cluster)), b"x" * 5_000_000 + b"\n\xff\n")
    result = await cluster.fleet("logs", "shop", "-o", "json")
    first, second = (json.loads(line)["line"] for line in result.output.splitlines())
    assert (len(first), second) == (5_000_000, "\N{REPLACEMENT CHARACTER}")


@pytest.mark.parametrize("options", [("--worker", "--migration"), ("-p", "-f"), ("--since", "soon"), ("--since", "0m")])
async def test_options_that_make_no_sense_are_refused(cluster: CommandedCluster, options: tuple[str, ...]) -> None:
    assert (await cluster.fleet("logs", "shop", *options)).exit_code == 2


async def test_service_without_pods_has_no_log(cluster: CommandedCluster) -> None:
    await shop(cluster)
    result = await cluster.fleet("logs", "shop", "--migration")
    assert (result.exit_code, result.output) == (1, "")
    assert "no migration pod of shop has such a log" in result.errors
    assert (await cluster.fleet("logs", "nobody")).exit_code == 1


async def test_cluster_that_refuses_ends_with_3(cluster: CommandedCluster) -> None:
    put(cluster, pod("shop-1", revision=await shop(cluster)), b"runs\n")
    cluster.server.refuse("GET", "Pod", 403)
    assert (await cluster.fleet("logs", "shop")).exit_code == 3


def restart(pod: Object) -> None:
    pod["status"]["containerStatuses"][0]["restartCount"] += 1


async def followed(
    cluster: CommandedCluster, finished: Callable[[list[str]], bool], step: Callable[[], object]
) -> None:
    """Follow the shop's pods but for `shop-old0`, take the step once the first line has come."""
    lines: list[str] = []
    access = log_in()
    client = HttpKubeClient(Connection(lambda: access))
    there = [cluster.server.kube.object(key) for key in cluster.server.kube.keys("Pod")]
    others = [item["metadata"]["uid"] for item in there if item["metadata"]["name"] == "shop-old0"]
    sink = Sink(lambda pod, line: lines.append(f"{pod} {line}"), lambda pod, why: lines.append(f"{pod}: {why}"))
    following = asyncio.create_task(
        follow_logs(
            client, there, BOUNDS, sink, namespace="team", selector=f"{LABEL_OWNER_NAME}=shop", except_for=others
        )
    )
    try:
        await until(lambda: len(lines) > 0 and "Pod" in cluster.server.watched)
        step()
        await until(lambda: finished(lines))
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await client.aclose()


async def test_following_goes_on_with_lines_restarts_and_pods_that_come(cluster: CommandedCluster) -> None:
    put(cluster, pod("shop-old0"), b"old\n")
    put(cluster, pod("shop-1"), b"first\n")
    wanted = {"shop-1 first", "shop-1 more", "shop-1 second life", "shop-2 new"}

    def go_on() -> None:
        cluster.server.more_logs["shop-1"].put_nowait(b"more\n")
        cluster.server.more_logs["shop-1"].put_nowait(None)
        cluster.server.logs["shop-1"] = [b"second life\n"]
        cluster.server.kube.edit(ObjectKey("Pod", "team", "shop-1"), restart)
        put(cluster, pod("shop-2"), b"new\n")

    await followed(cluster, lambda lines: {*lines} == wanted, go_on)
    bounded, *later = cluster.server.log_queries
    assert bounded == {**BOUNDS, "follow": "true"}
    assert later == [{"follow": "true"}] * 2


async def test_following_ends_with_3_where_the_cluster_refuses(cluster: CommandedCluster) -> None:
    put(cluster, pod("shop-1", revision=await shop(cluster)), b"runs\n")
    cluster.server.more_logs["shop-1"].put_nowait(None)
    cluster.server.refuse("WATCH", "Pod", 403)
    result = await cluster.fleet("logs", "shop", "--follow")
    assert (result.exit_code, "refused by the test" in result.errors) == (3, True)


async def test_following_is_ended_by_the_keyboard_with_0(cluster: CommandedCluster) -> None:
    put(cluster, pod("shop-1", revision=await shop(cluster)), b"runs\n")
    command = Path(sys.executable).with_name("fleet")
    process = await asyncio.create_subprocess_exec(
        *HEEDING_THE_KEYBOARD,
        *(command, "logs", "shop", "--follow"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"shop-1 runs\n"
    process.send_signal(signal.SIGINT)
    assert await process.communicate() == (b"", b"")
    assert process.returncode == 0
