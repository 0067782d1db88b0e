"""What is rendered without a cluster is what the operator applies in one."""

import json
from itertools import repeat
from typing import Any

import pytest
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.kube.kinds import CHILDREN, OPTIONAL, SECRET, Object, ObjectKey, key_of
from fastapi_fleet.offline.rendering import GENERATED, ClusterSettings, Rendered, render
from fastapi_fleet.offline.validation import validate
from fastapi_fleet.resources.equality import holds
from fastapi_fleet.resources.secret import decode
from hypothesis import assume, given
from support import specs
from support.fleet import Fleet
from support.resources import fastapi_service, fleet_platform

TEAM = ClusterSettings("team")

SHOP: dict[str, Any] = {
    "database": {"migrations": {"command": ["alembic", "upgrade", "head"]}},
    "broker": {"publishes": ["order.created"]},
    "config": {"LOG_LEVEL": "info"},
    "secrets": [{"env": "TOKEN", "generate": True}],
    "services": [{"name": "users", "env": "USERS_URL"}],
    "route": {"parentRefs": [{"name": "public"}], "hosts": ["shop.example.org"]},
    "ingress": {"host": "shop.example.org"},
    "autoscaling": {"maxReplicas": 5},
    "worker": {},
}

DEFAULTS: dict[str, Any] = {
    "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
    "config": {"LOG_LEVEL": "debug", "REGION": "north"},
    "networkPolicy": {"fromNamespaces": ["ingress"]},
    "ingress": {"className": "public"},
    "pod": {"labels": {"team": "platform"}},
}


def by_key(rendered: Rendered) -> dict[ObjectKey, Object]:
    return {key_of(manifest): manifest for manifest in rendered.manifests}


async def in_cluster(*resources: Object) -> tuple[list[Object], dict[ObjectKey, Object]]:
    """The resources as they are in a cluster that has every kind, and what an operator made of them there."""
    fleet = Fleet()
    fleet.kube.served |= {kind.name for kind in OPTIONAL}
    fleet.secrets = repeat(GENERATED)
    await fleet.optional_kinds.look()
    await fleet.submit(*resources)
    for _ in range(3):
        await fleet.roll_out()
    children = {key: fleet.kube.object(key) for kind in (*CHILDREN, *OPTIONAL) for key in fleet.kube.keys(kind.name)}
    return [fleet.kube.object(key_of(resource)) for resource in resources], children


@pytest.mark.parametrize(
    "platform",
    [{}, {"defaults": DEFAULTS}, {"postgres": {"topology": "PerService"}}],
    ids=["without defaults", "with defaults", "with own servers"],
)
async def test_rendered_is_what_the_operator_applies(platform: dict[str, Any]) -> None:
    resources, live = await in_cluster(
        fleet_platform(**{"postgres": {}, "rabbitmq": {}, **platform}),
        fastapi_service("users", port=9000),
        fastapi_service("shop", **SHOP),
    )
    rendered = render(resources, TEAM)
    assert rendered.assumptions == ()
    assert by_key(rendered).keys() == live.keys()
    for key, manifest in by_key(rendered).items():
        if key.kind == SECRET.name:
            assert decode(live[key]) == manifest["stringData"]
        else:
            assert holds(live[key], manifest), key


@given(specs.service_specs())
def test_every_valid_spec_is_rendered(spec: FastAPIServiceSpec) -> None:
    shop = fastapi_service(**spec.model_dump(by_alias=True, mode="json", exclude_unset=True))
    assume(not validate([("shop.yaml", json.dumps(shop, ensure_ascii=False))]).problems)
    kinds = [manifest["kind"] for manifest in render([shop], TEAM).manifests]
    assert {"Deployment", "Service"} <= set(kinds)


def test_defaults_are_those_of_the_platform_among_the_files() -> None:
    def resources_of(*resources: Object) -> Any:
        deployment = by_key(render(resources, TEAM))[ObjectKey("Deployment", "team", "shop")]
        return deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]

    platform = fleet_platform(defaults={"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}})
    built_in = {"cpu": "100m", "memory": "256Mi"}
    assert resources_of(fastapi_service(), platform) == {"cpu": "1", "memory": "1Gi"}
    assert resources_of(fastapi_service(platform="other"), platform) == built_in
    assert resources_of(fastapi_service()) == built_in


def test_platforms_come_before_services() -> None:
    first, *_, last = render([fastapi_service(), fleet_platform(postgres={})], TEAM).manifests
    assert "FleetPlatform" in str(first["metadata"]["labels"])
    assert "FastAPIService" in str(last["metadata"]["labels"])


def test_namespace_is_that_of_the_file_or_else_that_of_the_settings() -> None:
    users, shop = fastapi_service("users"), fastapi_service("shop")
    del users["metadata"]["namespace"]
    rendered = render([users, shop], ClusterSettings("elsewhere"))
    assert {(key.namespace, key.name) for key in by_key(rendered) if key.kind == "Deployment"} == {
        ("elsewhere", "users"),
        ("team", "shop"),
    }


def test_what_no_file_says_is_taken_for_granted_and_told() -> None:
    shop = fastapi_service(
        database={},
        services=[{"name": "users", "env": "USERS_URL"}],
        secrets=[{"env": "KEY", "name": "mail", "key": "password"}],
        envFrom=[{"configMapRef": {"name": "more", "optional": True}}],
        rollout={"rollbackTo": "0123456789abcdef"},
    )
    assert render([shop], TEAM).assumptions == (
        "FastAPIService team/shop is not rolled back: what spec.rollout.rollbackTo names is kept in the cluster alone",
        "FleetPlatform team/default is there, with embedded servers",
        "FastAPIService team/users is there, which listens on port 8000",
        "Secret team/mail is there, as spec.secrets[0].name says",
    )


@pytest.mark.parametrize("mode", ["External", "CloudNativePG"])
def test_server_that_others_run_is_assumed_where_no_status_tells(mode: str) -> None:
    platform = fleet_platform(postgres={"mode": mode})
    shop = fastapi_service(database={})
    rendered = render([platform, shop], TEAM)
    assert rendered.assumptions == ("FleetPlatform team/default finds its postgres at postgres.invalid:5432",)
    platform["status"] = {"postgres": {"host": "db.example.com", "port": 5433}}
    rendered = render([platform, shop], TEAM)
    assert rendered.assumptions == ()
    secret = by_key(rendered)[ObjectKey("Secret", "team", "shop-secrets")]
    assert secret["stringData"]["DATABASE_URL"] == f"postgresql://team.shop:{GENERATED}@db.example.com:5433/team.shop"


def test_optional_kinds_that_the_cluster_lacks_are_left_out() -> None:
    shop = fastapi_service("shop", **SHOP)
    without = render([shop], ClusterSettings("team", without=["HTTPRoute"], caller_namespaces=["monitoring"]))
    assert {"HTTPRoute", "ServiceMonitor"} & {key.kind for key in by_key(without)} == {"ServiceMonitor"}
