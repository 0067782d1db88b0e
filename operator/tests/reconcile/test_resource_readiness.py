"""One series a resource tells whether it is Ready, and why not."""

from fastapi_fleet.reconcile.resource_readiness import ResourceReadiness
from support.fleet import Fleet
from support.resources import fastapi_service, fleet_platform


def shown(fleet: Fleet) -> dict[tuple[str, str], float]:
    readiness = ResourceReadiness()
    readiness.show(fleet.cache)
    (family,) = readiness.collect()
    assert {sample.labels["namespace"] for sample in family.samples} <= {"team"}
    return {
        (f"{sample.labels['kind']} {sample.labels['name']}", sample.labels["reason"]): sample.value
        for sample in family.samples
    }


def test_nothing_is_shown_of_an_empty_cluster() -> None:
    assert shown(Fleet()) == {}


async def test_a_service_is_shown_with_the_reason_of_its_readiness() -> None:
    fleet = Fleet()
    await fleet.submit(fastapi_service("shop"))
    assert shown(fleet) == {("FastAPIService shop", "RollingOut"): 0.0}
    await fleet.roll_out()
    assert shown(fleet) == {("FastAPIService shop", "Available"): 1.0}


async def test_a_platform_is_shown_too_and_a_resource_without_a_status_is_pending() -> None:
    fleet = Fleet()
    fleet.intake.saw("ADDED", fleet_platform())
    assert shown(fleet) == {("FleetPlatform default", "Pending"): 0.0}


async def test_a_deleted_resource_is_shown_no_more() -> None:
    fleet = Fleet()
    service = fastapi_service("shop")
    fleet.intake.saw("ADDED", service)
    fleet.intake.saw("DELETED", service)
    assert shown(fleet) == {}
