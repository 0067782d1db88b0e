"""Defaults of a platform reach the services that use it, roll what differs, and are written into no spec."""

from typing import Any

import pytest
from fastapi_fleet.kube.kinds import Object, key_of
from support.fleet import Fleet, child
from support.kubernetes import Call
from support.resources import fastapi_service, fleet_platform

DEPLOYMENT = child("Deployment", "shop")
CONFIG_MAP = child("ConfigMap", "shop-config")

SHOP = fastapi_service()
FRUGAL: dict[str, Any] = {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}}
GENEROUS: dict[str, Any] = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}
IMPOSSIBLE: dict[str, Any] = {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "1Gi"}}

ROLLED = Call("apply", "Deployment", "shop")


def defaults(**said: Any) -> Object:
    return fleet_platform(defaults=said)


async def running(*resources: Object) -> Fleet:
    fleet = Fleet()
    await fleet.submit(*resources)
    await fleet.roll_out()
    return fleet


def template(fleet: Fleet) -> dict[str, Any]:
    found: dict[str, Any] = fleet.kube.object(DEPLOYMENT)["spec"]["template"]
    return found


def resources_of(fleet: Fleet) -> Any:
    return template(fleet)["spec"]["containers"][0]["resources"]


async def test_service_without_backends_takes_the_defaults_of_the_platform_that_it_finds() -> None:
    fleet = await running(
        defaults(resources=FRUGAL, config={"LOG_LEVEL": "info"}, pod={"labels": {"team": "platform"}}), SHOP
    )
    assert resources_of(fleet) == FRUGAL
    assert template(fleet)["metadata"]["labels"]["team"] == "platform"
    assert fleet.kube.object(CONFIG_MAP)["data"] == {"LOG_LEVEL": "info"}
    assert fleet.conditions(SHOP)["Ready"].status == "True"


async def test_defaults_are_written_into_no_spec() -> None:
    fleet = await running(defaults(resources=FRUGAL, config={"LOG_LEVEL": "info"}), SHOP)
    assert fleet.kube.object(key_of(SHOP))["spec"] == SHOP["spec"]


async def test_status_tells_which_fields_are_the_platforms_too() -> None:
    fleet = await running(defaults(resources=FRUGAL, pod={"labels": {"team": "platform"}}), SHOP)
    message = "the spec is valid; defaults of FleetPlatform default are in resources, pod"
    assert fleet.conditions(SHOP)["SpecValid"].message == message


async def test_platform_without_defaults_restarts_no_pod_and_shows_nowhere() -> None:
    fleet = await running(SHOP)
    before = template(fleet)
    written = await fleet.submit(fleet_platform())
    assert [call for call in written if call.kind != "FleetPlatform"] == []
    assert template(fleet) == before
    assert fleet.conditions(SHOP)["SpecValid"].message == "the spec is valid"


@pytest.mark.parametrize("named", ["default", "other"])
async def test_platform_that_comes_changes_or_goes_wakes_those_that_name_it(named: str) -> None:
    shop = fastapi_service(**({} if named == "default" else {"platform": named}))
    fleet = await running(shop)
    without = resources_of(fleet)
    platform = fleet_platform(named, defaults={"resources": FRUGAL})
    assert ROLLED in await fleet.submit(platform)
    assert resources_of(fleet) == FRUGAL
    assert ROLLED in await fleet.submit(fleet_platform(named, defaults={"resources": GENEROUS}))
    assert resources_of(fleet) == GENEROUS
    fleet.kube.remove(key_of(platform))
    assert ROLLED in await fleet.settle()
    assert resources_of(fleet) == without


async def test_change_of_defaults_rolls_only_services_that_it_changes() -> None:
    own = fastapi_service("users", resources=GENEROUS)
    elsewhere = fastapi_service("orders", platform="other")
    fleet = await running(SHOP, own, elsewhere)
    written = await fleet.submit(defaults(resources=FRUGAL))
    assert [call.name for call in written if call.kind == "Deployment"] == ["shop"]


async def test_change_that_concerns_no_pod_restarts_none() -> None:
    fleet = await running(defaults(), SHOP)
    before = template(fleet)
    written = await fleet.submit(defaults(networkPolicy={"fromNamespaces": ["ingress"]}))
    assert Call("apply", "NetworkPolicy", "shop") in written
    assert template(fleet) == before


async def test_settled_defaults_are_written_once() -> None:
    fleet = await running(defaults(resources=FRUGAL, config={"LOG_LEVEL": "info"}), SHOP)
    assert await fleet.pass_over(SHOP) == []
    assert await fleet.pass_over(defaults()) == []


async def test_worker_has_them_and_keeps_its_own_resources() -> None:
    fleet = await running(
        defaults(resources=FRUGAL, config={"LOG_LEVEL": "info"}), fastapi_service(worker={"resources": GENEROUS})
    )
    container = fleet.kube.object(child("Deployment", "shop-worker"))["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"] == GENEROUS
    assert {"configMapRef": {"name": "shop-config"}} in container["envFrom"]


async def test_platform_with_impossible_defaults_leaves_what_runs_alone() -> None:
    fleet = await running(defaults(resources=FRUGAL), SHOP)
    before = template(fleet)
    platform = defaults(resources=IMPOSSIBLE)
    assert ROLLED not in await fleet.submit(platform)
    assert template(fleet) == before
    told = "spec.defaults.resources.requests[memory]: 2Gi is more than the limit of 1Gi"
    assert fleet.conditions(platform)["SpecValid"].message == told
    found = fleet.conditions(SHOP)["DependenciesReady"]
    assert (found.status, found.reason) == ("False", "PlatformInvalid")
    assert found.message == f"spec.platform: FleetPlatform default is invalid: {told}"


@pytest.mark.parametrize(
    "said", [{"resources": IMPOSSIBLE}, {"networkPolicy": {"to": [{"cidr": "192.0.2.1/24"}]}}], ids=lambda said: [*said]
)
async def test_service_that_met_a_platform_with_impossible_defaults_goes_on_when_they_are_mended(
    said: dict[str, Any],
) -> None:
    fleet = await running(defaults(**said), SHOP)
    assert fleet.conditions(SHOP)["DependenciesReady"].reason == "PlatformInvalid"
    await fleet.submit(defaults(resources=FRUGAL))
    await fleet.roll_out()
    assert resources_of(fleet) == FRUGAL
    assert fleet.conditions(SHOP)["Ready"].status == "True"


async def test_invalid_servers_of_a_platform_do_not_take_its_defaults_away() -> None:
    fleet = await running(fleet_platform(postgres={"mode": "Unheard of"}, defaults={"resources": FRUGAL}), SHOP)
    assert resources_of(fleet) == FRUGAL


async def test_revision_runs_again_with_the_defaults_of_its_time() -> None:
    fleet = await running(defaults(resources=FRUGAL, config={"LOG_LEVEL": "info"}), SHOP)
    revision = fleet.status(SHOP)["revision"]
    await fleet.submit(
        defaults(resources=GENEROUS, config={"REGION": "north"}, networkPolicy={"fromNamespaces": ["ingress"]})
    )
    await fleet.roll_out()
    assert resources_of(fleet) == GENEROUS
    await fleet.submit(fastapi_service(rollout={"rollbackTo": revision}))
    assert fleet.status(SHOP)["revision"] == revision
    assert resources_of(fleet) == FRUGAL
    assert fleet.kube.object(CONFIG_MAP)["data"] == {"LOG_LEVEL": "info"}
    assert "ingress" in str(fleet.kube.object(child("NetworkPolicy", "shop"))["spec"]["ingress"])
    assert fleet.conditions(SHOP)["SpecValid"].message == "the spec is valid"
