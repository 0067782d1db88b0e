"""A service's own database and broker user: before its pods, and repaired."""

import asyncio
import base64

from fastapi_fleet.constants import FINALIZER
from fastapi_fleet.errors import ApiConflictError, NotOwnedError
from fastapi_fleet.kube.kinds import key_of
from fastapi_fleet.reconcile.backing_services import DRIFT_CHECK_SECONDS
from fastapi_fleet.reconcile.children import Children
from fastapi_fleet.reconcile.observe import observe_service
from fastapi_fleet.reconcile.outcome import WAIT_SECONDS
from fastapi_fleet.reconcile.ownership import owner_from
from fastapi_fleet.reconcile.parse import parse_service
from fastapi_fleet.reconcile.service_plan import plan_service
from support.backed_service import PLATFORM, SECRET, SHOP, SILENT, running, urls, with_platform
from support.fleet import Fleet, child
from support.kubernetes import Call
from support.resources import fastapi_service, fleet_platform
from support.waiting import until

DEPLOYMENT = child("Deployment", "shop")


async def test_service_gets_its_own_database_and_user_and_their_urls() -> None:
    fleet = await running()
    database, user = fleet.postgres.databases["team.shop"], fleet.rabbitmq.users["team.shop"]
    assert urls(fleet) == {
        "DATABASE_URL": f"postgresql://team.shop:{database.password}@default-postgres:5432/team.shop",
        "RABBITMQ_URL": f"amqp://team.shop:{user.password}@default-rabbitmq:5672/team.default",
    }
    assert (database.owner, database.connection_limit) == ("team/shop", 5)
    assert (user.vhost, user.service, user.publishes) == ("team.default", "shop", ("order.created",))
    assert fleet.conditions(SHOP)["Ready"].status == "True"


async def test_backends_are_reached_as_their_administrator() -> None:
    fleet = await running()
    admin = fleet.kube.object(child("Secret", "default-postgres-admin"))["data"]
    server = fleet.postgres.servers[0]
    assert (server.host, server.port) == ("default-postgres.team.svc", 5432)
    assert base64.b64encode(server.password.encode()).decode() == admin["password"]


async def test_finalizer_is_held_before_anything_is_provisioned() -> None:
    fleet = await with_platform()
    fleet.kube.fail("set_finalizers", "FastAPIService", NotOwnedError("no"))
    await fleet.submit(SHOP)
    assert fleet.postgres.databases == {}
    assert not fleet.kube.has(DEPLOYMENT)
    await fleet.pass_over(SHOP)
    assert FINALIZER in fleet.kube.object(key_of(SHOP))["metadata"]["finalizers"]
    assert "team.shop" in fleet.postgres.databases


async def test_service_without_backends_is_not_held() -> None:
    fleet = await with_platform(fastapi_service())
    assert "finalizers" not in fleet.kube.object(key_of(SHOP))["metadata"]


async def test_pods_wait_for_backends_that_start() -> None:
    fleet = Fleet()
    await fleet.submit(PLATFORM, SHOP)
    assert not fleet.kube.has(DEPLOYMENT)
    assert fleet.kube.has(SECRET)
    assert fleet.conditions(SHOP)["DatabaseReady"].reason == "BackendNotReady"
    assert fleet.conditions(SHOP)["Ready"].reason == "BackendNotReady"


async def test_service_goes_on_as_soon_as_the_platform_is_ready() -> None:
    fleet = Fleet()
    await fleet.submit(PLATFORM, SHOP)
    await fleet.roll_out()
    assert fleet.kube.has(DEPLOYMENT), "woken by the platform's status, not by a timer"


async def test_backend_that_the_platform_does_not_offer_is_said() -> None:
    fleet = Fleet()
    await fleet.submit(fleet_platform(rabbitmq={}), SHOP)
    await fleet.roll_out()
    assert fleet.conditions(SHOP)["DatabaseReady"].reason == "BackendNotOffered"
    assert "spec.postgres" in fleet.conditions(SHOP)["DatabaseReady"].message
    assert fleet.conditions(SHOP)["BrokerReady"].status == "True"
    assert not fleet.kube.has(DEPLOYMENT)


async def test_running_pods_do_not_wait_for_a_backend_that_is_down() -> None:
    fleet = await running()
    fleet.postgres.failure = SILENT
    fleet.time.advance(DRIFT_CHECK_SECONDS)
    await fleet.submit({**SHOP, "spec": {**SHOP["spec"], "image": "registry.example/shop:2"}})
    image = fleet.kube.object(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == "registry.example/shop:2"
    assert fleet.conditions(SHOP)["DatabaseReady"].reason == "BackendUnavailable"


async def test_backend_that_does_not_answer_is_tried_again() -> None:
    fleet = await with_platform()
    fleet.postgres.failure = SILENT
    await fleet.submit(SHOP)
    assert not fleet.kube.has(DEPLOYMENT)
    fleet.postgres.failure = None
    fleet.time.advance(1.0)
    await fleet.settle()
    assert fleet.kube.has(DEPLOYMENT)


async def test_database_of_somebody_else_is_refused_and_stalled() -> None:
    fleet = await with_platform()
    fleet.postgres.failure = NotOwnedError("role team.shop belongs to nobody known")
    await fleet.submit(SHOP)
    assert fleet.conditions(SHOP)["DatabaseReady"].reason == "NotOwned"
    assert fleet.conditions(SHOP)["Stalled"].status == "True"
    assert not fleet.kube.has(DEPLOYMENT)
    assert WAIT_SECONDS in fleet.time.pending


async def test_backends_are_not_asked_in_every_pass_but_once_a_minute() -> None:
    fleet = await running()
    asked = len(fleet.postgres.servers)
    await fleet.pass_over(SHOP)
    assert len(fleet.postgres.servers) == asked
    fleet.time.advance(DRIFT_CHECK_SECONDS)
    await fleet.settle()
    assert len(fleet.postgres.servers) == asked + 1


async def test_drift_on_a_backend_is_repaired_without_an_event() -> None:
    fleet = await running()
    fleet.rabbitmq.users.clear()
    fleet.time.advance(DRIFT_CHECK_SECONDS)
    await fleet.settle()
    assert "team.shop" in fleet.rabbitmq.users


async def test_new_permissions_are_provisioned_at_once() -> None:
    fleet = await running()
    await fleet.submit(fastapi_service(database={}, broker={"consumes": ["user.registered"]}))
    assert fleet.rabbitmq.users["team.shop"].consumes == ("user.registered",)
    assert fleet.postgres.databases["team.shop"].connection_limit is None


async def test_passwords_survive_a_restart() -> None:
    fleet = await running()
    before = urls(fleet)
    restarted = fleet.restarted()
    await restarted.resync.prime()
    assert await restarted.settle() == []
    assert urls(restarted) == before
    assert restarted.postgres.databases["team.shop"].password in before["DATABASE_URL"]


async def test_paused_service_provisions_nothing() -> None:
    fleet = await with_platform({**SHOP, "spec": {**SHOP["spec"], "paused": True}})
    assert fleet.postgres.servers == []
    assert "DatabaseReady" not in fleet.conditions(SHOP)


async def test_missing_platform_is_said_and_its_arrival_noticed() -> None:
    fleet = Fleet()
    await fleet.submit(SHOP)
    missing = fleet.conditions(SHOP)["DependenciesReady"]
    assert (missing.status, missing.reason) == ("False", "PlatformMissing")
    assert "spec.platform" in missing.message
    await fleet.submit(PLATFORM)
    await fleet.roll_out()
    assert fleet.kube.has(DEPLOYMENT)


async def test_database_to_be_adopted_is_asked_for_as_such() -> None:
    fleet = await with_platform(fastapi_service(database={"adopt": True}))
    assert fleet.postgres.databases["team.shop"].adopt


async def test_dead_backend_delays_neither_another_service_nor_its_deletion() -> None:
    fleet = await running()
    other = fastapi_service(name="other", broker={})
    await fleet.submit(other)
    await fleet.roll_out()
    fleet.postgres.failure = SILENT
    fleet.kube.remove(key_of(SHOP), at=fleet.now().isoformat())
    await fleet.settle()
    assert fleet.kube.has(key_of(SHOP))
    await fleet.submit(fastapi_service(name="third", broker={}))
    assert fleet.kube.has(child("Deployment", "third"))
    fleet.kube.remove(key_of(other), at=fleet.now().isoformat())
    await fleet.settle()
    assert not fleet.kube.has(key_of(other))


async def test_one_worker_waits_for_a_silent_backend_and_the_others_go_on() -> None:
    fleet = await with_platform()
    services = [fastapi_service(name=name, database={}) for name in ("first", "second")]
    fleet.postgres.failure = SILENT
    await fleet.submit(*services)
    fleet.postgres.failure, fleet.postgres.held = None, asyncio.Event()
    asked = len(fleet.postgres.servers)
    waiting = asyncio.create_task(fleet.service_pass.reconcile(key_of(services[0])))
    await until(lambda: len(fleet.postgres.servers) > asked)
    async with asyncio.timeout(5):
        await fleet.service_pass.reconcile(key_of(services[1]))
    assert fleet.conditions(services[1])["DatabaseReady"].message == SILENT.message
    fleet.postgres.held.set()
    await waiting
    await fleet.pass_over(services[1])
    assert fleet.postgres.databases.keys() == {"team.first", "team.second"}


async def test_write_that_fails_leaves_what_was_found_of_the_backends() -> None:
    fleet = await running()
    fleet.kube.fail("apply", "Deployment", ApiConflictError("has changed"))
    await fleet.submit({**SHOP, "spec": {**SHOP["spec"], "image": "registry.example/shop:2"}})
    conditions = fleet.conditions(SHOP)
    assert conditions["RolloutComplete"].reason == "ApiConflict"
    assert {conditions[kind].status for kind in ("DatabaseReady", "BrokerReady")} == {"True"}


async def test_no_password_shows_in_any_status() -> None:
    fleet = await running()
    fleet.postgres.failure = SILENT
    fleet.time.advance(DRIFT_CHECK_SECONDS)
    await fleet.settle()
    shown = f"{fleet.status(SHOP)} {fleet.status(PLATFORM)}"
    assert "canary-" in str(urls(fleet))
    assert "canary-" not in shown


async def test_no_password_shows_in_the_repr_of_what_a_pass_holds() -> None:
    fleet = await running()
    owner, spec = owner_from(fleet.kube.object(key_of(SHOP))), parse_service(SHOP)
    children = Children(fleet.kube, fleet.cache)
    observed = await observe_service(
        owner, spec, kube=fleet.kube, cache=fleet.cache, children=children, caller_namespaces=()
    )
    plan = plan_service(
        owner,
        spec,
        observed,
        cache=fleet.cache,
        generate=lambda: "canary-new",
        caller_namespaces=(),
        operator_namespace="fastapi-fleet-system",
    )
    held = repr(plan) + repr(plan.manifests) + repr(observed)
    values = [*urls(fleet).values(), *fleet.kube.object(SECRET)["data"].values()]
    assert [value for value in ("canary-", *values) if value in held] == []


async def test_writes_of_a_pass_are_in_the_promised_order() -> None:
    fleet = await with_platform()
    assert await fleet.submit(SHOP) == [
        Call("set_finalizers", "FastAPIService", "shop"),
        Call("apply", "ServiceAccount", "shop"),
        Call("apply", "Secret", "shop-secrets"),
        Call("apply", "Service", "shop"),
        Call("apply", "NetworkPolicy", "shop"),
        Call("apply", "Deployment", "shop"),
        Call("patch_status", "FastAPIService", "shop"),
    ]
