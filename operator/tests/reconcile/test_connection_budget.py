"""Connection pools: told to pods, refused beyond the role's limit, warned of beyond the server's."""

from fastapi_fleet.api.capacity import ServerCapacity
from fastapi_fleet.kube.kinds import Object, key_of
from support.backed_service import SILENT, with_platform
from support.fleet import Fleet, child
from support.resources import fastapi_service, fleet_platform

HOST = "default-postgres.team.svc"
DEPLOYMENT = child("Deployment", "shop")
POOLED = fastapi_service(replicas=4, database={"pool": {"size": 5, "overflow": 10}})


def pooled(name: str = "shop", **database: object) -> Object:
    return fastapi_service(name, replicas=4, database={"pool": {"size": 5, "overflow": 10}, **database})


async def on_server(most: int, *resources: Object) -> Fleet:
    fleet = await with_platform()
    fleet.postgres.capacities[HOST] = ServerCapacity(most, reserved=3)
    await fleet.submit(*resources)
    await fleet.roll_out()
    return fleet


def variables(fleet: Fleet) -> dict[str, str]:
    env = fleet.kube.object(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]["env"]
    return {item["name"]: item["value"] for item in env if "value" in item}


async def test_pods_are_told_their_pool() -> None:
    fleet = await on_server(100, pooled())
    assert variables(fleet) == {
        "DATABASE_POOL_SIZE": "5",
        "DATABASE_POOL_OVERFLOW": "10",
        "DATABASE_POOL_MAX": "15",
    }
    assert "ConnectionsInBudget" not in fleet.conditions(POOLED)


async def test_pools_beyond_the_limit_of_the_role_are_held_back_and_what_runs_goes_on() -> None:
    fleet = await on_server(100, pooled(connectionLimit=75))
    running = fleet.kube.object(DEPLOYMENT)["spec"]
    await fleet.submit(pooled(connectionLimit=74))
    conditions = fleet.conditions(POOLED)
    assert (conditions["SpecValid"].status, conditions["SpecValid"].reason) == ("False", "InvalidSpec")
    assert "(5 + 10) x (4 + 1) pods = 75 connections, and connectionLimit is 74" in conditions["SpecValid"].message
    assert conditions["Stalled"].status == "True"
    assert fleet.kube.object(DEPLOYMENT)["spec"] == running
    assert fleet.postgres.databases["team.shop"].connection_limit == 75, "pods that run are not cut off"


async def test_server_that_is_too_small_is_warned_of_and_the_service_runs() -> None:
    fleet = await on_server(77, pooled())
    conditions = fleet.conditions(POOLED)
    message = "1 worker x (5 + 10) x (4 + 1) pods = 75 > 74 of the server: max_connections 77 - 3 reserved"
    assert (conditions["ConnectionsInBudget"].reason, conditions["ConnectionsInBudget"].message) == (
        "ServerLimitExceeded",
        message,
    )
    assert conditions["Ready"].status == "True"


async def test_warning_goes_when_the_server_has_grown() -> None:
    fleet = await on_server(77, pooled())
    fleet.postgres.capacities[HOST] = ServerCapacity(78, reserved=3)
    await fleet.pass_over(POOLED)
    assert "ConnectionsInBudget" not in fleet.conditions(POOLED)


async def test_warning_stays_while_the_server_is_away() -> None:
    fleet = await on_server(77, pooled())
    fleet.postgres.failure = SILENT
    fleet.time.advance(120)
    await fleet.pass_over(POOLED)
    assert fleet.conditions(POOLED)["DatabaseReady"].status == "False"
    assert fleet.conditions(POOLED)["ConnectionsInBudget"].status == "False"


async def test_services_of_the_same_platform_are_reckoned_with_once_they_have_said_what_they_take() -> None:
    others = (
        fastapi_service("users", database={"connectionLimit": 20}),
        fastapi_service("mails", database={}),
        fastapi_service("front"),
        fastapi_service("elsewhere", platform="other", database={"connectionLimit": 500}),
    )
    fleet = await on_server(97, fleet_platform("other", postgres={}), *others, pooled())
    told = fleet.conditions(POOLED)["ConnectionsInBudget"].message
    assert ", with 20 of 1 other service 95 > 94 of the server" in told
    assert told.endswith("; what 1 other service may take is not known")
    await fleet.submit(fastapi_service("users", database={"connectionLimit": 19}))
    await fleet.pass_over(POOLED)
    assert "ConnectionsInBudget" not in fleet.conditions(POOLED)


async def test_an_operator_that_starts_anew_says_the_same() -> None:
    fleet = await on_server(77, pooled())
    before = fleet.kube.object(key_of(POOLED))["status"]
    again = fleet.restarted()
    await again.resync.prime()
    await again.settle()
    assert again.kube.object(key_of(POOLED))["status"] == before


async def test_a_server_is_asked_no_more_often_for_it() -> None:
    fleet = await on_server(77, pooled())
    asked = len(fleet.postgres.servers)
    assert await fleet.pass_over(POOLED) == []
    assert len(fleet.postgres.servers) == asked
