"""`fleet diff`: what is told is what the operator then does."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi_fleet.constants import API_VERSION
from fastapi_fleet.kube.kinds import DEPLOYMENT, NETWORK_POLICY, SECRET, SERVICE, Object, ObjectKey
from support.command_line import Ended
from support.commanded_cluster import SHOP, CommandedCluster
from support.resources import fastapi_service, fleet_platform
from support.rollouts import run_out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


async def diff(cluster: CommandedCluster, folder: Path, *resources: Object, options: tuple[str, ...] = ()) -> Ended:
    """Of the resources as people write them, without what an API server adds."""
    file = folder / "fleet.yaml"
    written = [
        {**resource, "metadata": {key: resource["metadata"][key] for key in ("name", "namespace")}}
        for resource in resources
    ]
    file.write_text(yaml.safe_dump_all(written))
    return await cluster.fleet("diff", str(file), *options)


async def data(cluster: CommandedCluster, folder: Path, *resources: Object) -> dict[str, Any]:
    result = await diff(cluster, folder, *resources, options=("-o", "json"))
    found: dict[str, Any] = json.loads(result.output)
    assert result.exit_code == (1 if found["differs"] else 0)
    return found


def changed(found: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(change["action"], change["kind"], change["name"]) for change in found["changes"]}


async def running(cluster: CommandedCluster, *resources: Object) -> None:
    """Resources that the operator has made everything of."""
    await cluster.operator.submit(*resources)
    for _ in range(3):
        await cluster.operator.roll_out()


def children(cluster: CommandedCluster) -> dict[ObjectKey, Object]:
    return {
        key: cluster.server.kube.object(key)
        for key in [*cluster.server.kube.keys()]
        if key.kind not in {"FastAPIService", "FleetPlatform", "ReplicaSet"}
    }


def difference(before: dict[ObjectKey, Object], after: dict[ObjectKey, Object]) -> set[tuple[str, str, str]]:
    """What has become of objects, in the words of the command."""
    return {
        *(("create", key.kind, key.name) for key in after.keys() - before.keys()),
        *(("delete", key.kind, key.name) for key in before.keys() - after.keys()),
        *(("change", key.kind, key.name) for key in before.keys() & after.keys() if before[key] != after[key]),
    }


FULL: dict[str, Any] = {
    "database": {"migrations": {"command": ["alembic", "upgrade", "head"]}},
    "broker": {"publishes": ["order.created"]},
    "config": {"LOG_LEVEL": "info"},
    "secrets": [{"env": "TOKEN", "generate": True}],
    "autoscaling": {"maxReplicas": 5},
    "worker": {},
    "ingress": {"host": "shop.example.org"},
}


async def test_what_runs_already_is_the_same_with_0(cluster: CommandedCluster, folder: Path) -> None:
    resources = fleet_platform(postgres={}, rabbitmq={}), fastapi_service(**FULL)
    await running(cluster, *resources)
    result = await diff(cluster, folder, *resources)
    assert (result.exit_code, result.output, result.errors) == (0, "nothing would change\n", "")


@pytest.mark.parametrize(
    "change",
    [
        {"image": "registry.example/shop:2"},
        {"config": {"LOG_LEVEL": "debug"}},
        {"config": None},
        {"replicas": 3, "autoscaling": None},
        {"worker": None, "ingress": None},
        {"secrets": [{"env": "TOKEN", "generate": True}, {"env": "PEPPER", "generate": True}]},
        {"broker": None},
        {"pod": {"nodeSelector": {"disk": "ssd"}, "labels": {"cost": "7"}}},
        {"resources": {"requests": {"cpu": "0.5"}}},
        {"networkPolicy": {"enabled": False}},
        {"port": 9000},
    ],
    ids=",".join,
)
async def test_what_is_told_is_what_the_operator_then_does(
    cluster: CommandedCluster, folder: Path, change: dict[str, Any]
) -> None:
    await assert_told_and_done(cluster, folder, fleet_platform(postgres={}, rabbitmq={}), change)


@pytest.mark.parametrize("change", [{"database": None}, {"image": "registry.example/shop:2"}], ids=",".join)
async def test_server_of_a_services_own_is_told_as_the_operator_then_makes_it(
    cluster: CommandedCluster, folder: Path, change: dict[str, Any]
) -> None:
    platform = fleet_platform(postgres={"topology": "PerService"}, rabbitmq={})
    await assert_told_and_done(cluster, folder, platform, change)
    found = await data(cluster, folder, fastapi_service("desk", database={}))
    assert {("create", "StatefulSet", "desk-postgres"), ("create", "Secret", "desk-postgres-admin")} <= changed(found)


async def assert_told_and_done(
    cluster: CommandedCluster, folder: Path, platform: Object, change: dict[str, Any]
) -> None:
    shop = fastapi_service(**FULL)
    await running(cluster, platform, shop)
    new = fastapi_service(**{name: part for name, part in {**FULL, **change}.items() if part is not None})
    found = await data(cluster, folder, new)
    before = children(cluster)
    cluster.server.kube.create(new)
    for _ in range(3):
        await cluster.operator.settle()
        await cluster.operator.roll_out()
    done = difference(
        {key: without_status(obj) for key, obj in before.items()},
        {key: without_status(obj) for key, obj in children(cluster).items()},
    )
    assert ("change", "FastAPIService", "shop") in changed(found)
    assert changed(found) - {("change", "FastAPIService", "shop")} == done
    assert (await diff(cluster, folder, new)).exit_code == 0
    await running(cluster, shop)
    assert (await diff(cluster, folder, shop)).exit_code == 0


def without_status(obj: Object) -> Object:
    metadata = {key: obj["metadata"].get(key) for key in ("labels", "annotations", "uid")}
    return {**obj, "metadata": metadata, "status": None}


async def test_fields_are_told_with_what_they_were_and_become(cluster: CommandedCluster, folder: Path) -> None:
    await running(cluster, fastapi_service(config={"LANG": "C"}))
    new = fastapi_service(image="registry.example/shop:2", config={"LANG": "C", "LEVEL": "1"})
    result = await diff(cluster, folder, new)
    lines = result.output.splitlines()
    assert result.exit_code == 1
    assert lines[:3] == [
        "~ FastAPIService team/shop",
        '    spec.image: "registry.example/shop:1" → "registry.example/shop:2"',
        '    spec.config.LEVEL: (none) → "1"',
    ]
    assert "~ ConfigMap team/shop-config" in lines
    assert "~ Deployment team/shop: pods are replaced" in lines
    image = "spec.template.spec.containers[app].image"
    assert f'    {image}: "registry.example/shop:1" → "registry.example/shop:2"' in lines
    assert not any("terminationMessagePath" in line for line in lines), "a default of the API server is no change"
    assert lines[-1] == "0 to create, 3 to change, 0 to delete"


async def test_new_resources_are_told_with_all_their_children(cluster: CommandedCluster, folder: Path) -> None:
    found = await data(cluster, folder, fleet_platform(postgres={}), fastapi_service(database={}))
    assert {
        ("create", "FleetPlatform", "default"),
        ("create", "StatefulSet", "default-postgres"),
        ("create", "FastAPIService", "shop"),
        ("create", "Deployment", "shop"),
        ("create", "Secret", "shop-secrets"),
    } <= changed(found)
    assert cluster.server.kube.keys() == []


async def test_values_of_secrets_are_never_told(cluster: CommandedCluster, folder: Path) -> None:
    await running(cluster, fleet_platform(postgres={}), fastapi_service(database={}))
    secret = ObjectKey(SECRET.name, "team", "shop-secrets")
    live = cluster.server.kube.object(secret)
    cluster.server.kube.edit(secret, lambda obj: obj["data"].update(STRAY="Y2FuYXJ5LTc="))
    for options in ((), ("-o", "json"), ("-o", "yaml")):
        result = await diff(
            cluster,
            folder,
            fastapi_service(database={}, secrets=[{"env": "TOKEN", "generate": True}]),
            options=options,
        )
        assert "data.STRAY" in result.output
        assert "data.TOKEN" in result.output
        for value in ("Y2FuYXJ5LTc=", *live["data"].values()):
            assert value not in result.output


async def test_drift_is_told_as_what_is_put_right(cluster: CommandedCluster, folder: Path) -> None:
    await running(cluster, fastapi_service())
    service = ObjectKey(SERVICE.name, "team", "shop")
    cluster.server.kube.edit(service, lambda obj: obj["spec"]["selector"].update(mine="yes"))
    (change,) = (await data(cluster, folder, fastapi_service()))["changes"]
    assert (change["kind"], change["action"], change["restarts"]) == ("Service", "change", False)
    assert change["fields"] == [{"field": "spec.selector.mine", "before": "yes", "after": None}]


async def test_what_others_wrote_into_a_resource_stays(cluster: CommandedCluster, folder: Path) -> None:
    await running(cluster, fastapi_service(config={"LEVEL": "1"}))
    assert (await cluster.fleet("pause", "shop")).exit_code == 0
    result = await diff(cluster, folder, fastapi_service(config={"LEVEL": "2"}))
    assert "paused:" not in result.output.replace("spec.paused is true", "")
    assert "the operator would leave its children as they are: spec.paused is true" in result.output
    assert "0 to create, 1 to change, 0 to delete" in result.output
    unchanged = await diff(cluster, folder, fastapi_service(config={"LEVEL": "1"}))
    assert (unchanged.exit_code, "nothing would change" in unchanged.output) == (0, True)


async def test_services_that_are_called_change_with_their_callers(cluster: CommandedCluster, folder: Path) -> None:
    calling = fastapi_service(services=[{"name": "users", "env": "USERS_URL"}])
    await running(cluster, fastapi_service("users"), fastapi_service("other"))
    found = await data(cluster, folder, calling)
    assert {item for item in changed(found) if item[2] != "shop"} == {("change", NETWORK_POLICY.name, "users")}
    await running(cluster, calling)
    assert (await diff(cluster, folder, calling)).exit_code == 0
    found = await data(cluster, folder, fastapi_service())
    assert {item for item in changed(found) if item[2] != "shop"} == {("change", NETWORK_POLICY.name, "users")}


async def test_platform_is_told_with_its_servers(cluster: CommandedCluster, folder: Path) -> None:
    await running(cluster, fleet_platform(postgres={}))
    assert (await diff(cluster, folder, fleet_platform(postgres={}))).exit_code == 0
    found = await data(cluster, folder, fleet_platform(postgres={}, rabbitmq={}))
    assert ("change", "FleetPlatform", "default") in changed(found)
    assert ("create", "StatefulSet", "default-rabbitmq") in changed(found)
    assert not {item for item in changed(found) if "postgres" in item[2]}


async def test_services_change_with_the_defaults_of_their_platform(cluster: CommandedCluster, folder: Path) -> None:
    said, new = {"config": {"LOG_LEVEL": "info"}}, {"config": {"LOG_LEVEL": "debug"}}
    own = fastapi_service("own", config={"LOG_LEVEL": "warning"})
    await running(cluster, fleet_platform(defaults=said), fastapi_service(), own)
    assert (await diff(cluster, folder, fleet_platform(defaults=said), fastapi_service())).exit_code == 0
    found = await data(cluster, folder, fleet_platform(defaults=new))
    before = children(cluster)
    await running(cluster, fleet_platform(defaults=new))
    assert (
        changed(found) - {("change", "FleetPlatform", "default")}
        == difference(before, children(cluster))
        == {
            ("change", "ConfigMap", "shop-config"),
            ("change", "Deployment", "shop"),
        }
    )


async def test_what_keeps_the_operator_from_writing_is_told(cluster: CommandedCluster, folder: Path) -> None:
    await running(cluster, fastapi_service())
    found = await data(cluster, folder, fastapi_service(services=[{"name": "users", "env": "USERS_URL"}]))
    assert changed(found) == {("change", "FastAPIService", "shop")}
    assert found["waiting"][0]["reason"] == "ServiceMissing"
    assert "there is no FastAPIService users" in found["waiting"][0]["message"]


async def test_secret_that_the_files_bring_is_there(cluster: CommandedCluster, folder: Path) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mail", "namespace": "team"}, "data": {}}
    shop = fastapi_service(secrets=[{"env": "KEY", "name": "mail", "key": "password"}])
    assert (await data(cluster, folder, shop))["waiting"][0]["reason"] == "SecretMissing"
    found = await data(cluster, folder, secret, shop)
    assert (found["waiting"], ("create", DEPLOYMENT.name, "shop") in changed(found)) == ([], True)


async def test_namespace_is_that_of_the_context_where_the_file_names_none(
    cluster: CommandedCluster, folder: Path
) -> None:
    shop = {"apiVersion": API_VERSION, "kind": "FastAPIService", "metadata": {"name": "shop"}, "spec": {"image": "a"}}
    file = folder / "shop.yaml"
    file.write_text(yaml.safe_dump(shop))
    assert "+ FastAPIService team/shop" in (await cluster.fleet("diff", str(file))).output
    assert "+ FastAPIService other/shop" in (await cluster.fleet("diff", str(file), "-n", "other")).output


async def test_cluster_that_refuses_ends_with_3_and_broken_files_with_1(
    cluster: CommandedCluster, folder: Path
) -> None:
    broken = await diff(cluster, folder, fastapi_service(port="x"))
    assert (broken.exit_code, "spec.port" in broken.errors, broken.output) == (1, True, "")
    cluster.server.refuse("GET", "Secret", 403)
    refused = await diff(cluster, folder, fastapi_service())
    assert (refused.exit_code, "refused by the test" in refused.errors) == (3, True)
    assert not cluster.server.kube.has(SHOP)


async def test_preflight_of_what_was_checked_is_not_told(cluster: CommandedCluster, folder: Path) -> None:
    checked = fastapi_service(preflight={})
    await running(cluster, checked)
    (job,) = cluster.server.kube.keys("Job")
    cluster.server.kube.remove(job)
    await cluster.operator.settle()
    assert (await diff(cluster, folder, checked)).output == "nothing would change\n"


async def test_preflight_that_a_hand_has_changed_is_told(cluster: CommandedCluster, folder: Path) -> None:
    checked = fastapi_service(preflight={})
    await running(cluster, checked)
    (job,) = cluster.server.kube.keys("Job")
    cluster.server.kube.edit(job, lambda obj: obj["spec"].update(backoffLimit=9))
    assert "spec.backoffLimit" in (await diff(cluster, folder, checked)).output


async def test_revision_that_made_way_by_itself_is_tried_again_by_another_spec_only(
    cluster: CommandedCluster, folder: Path
) -> None:
    await running(cluster, fastapi_service())
    failing = fastapi_service(image="registry.example/shop:2")
    await cluster.operator.submit(failing)
    await run_out(cluster.operator, ObjectKey(DEPLOYMENT.name, "team", "shop"))
    await cluster.operator.roll_out()
    assert (await data(cluster, folder, failing))["changes"] == []
    mended = fastapi_service(image="registry.example/shop:3")
    found = await data(cluster, folder, mended)
    assert ("change", "Deployment", "shop") in changed(found)
