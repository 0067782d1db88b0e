"""How a service is reached and measured: children of kinds that the cluster may lack."""

from fastapi_fleet.errors import ApiRefusedError, ApiUnavailableError
from fastapi_fleet.kube.kinds import HTTP_ROUTE, OPTIONAL, SERVICE_MONITOR, Object
from support.fleet import Fleet, child
from support.kubernetes import Call
from support.resources import fastapi_service

ROUTE = child("HTTPRoute", "shop")
MONITOR = child("ServiceMonitor", "shop")
INGRESS = child("Ingress", "shop")
CLOSED = child("Service", "shop-closed")
PLAIN = fastapi_service()
ROUTED = fastapi_service(route={"hosts": ["shop.example.org"], "parentRefs": [{"name": "public"}]}, monitoring={})
INGRESSED = fastapi_service(ingress={"host": "shop.example.org"})


async def running(resource: Object, *served: str) -> Fleet:
    fleet = Fleet()
    fleet.kube.served |= set(served)
    await fleet.optional_kinds.look()
    await fleet.submit(resource)
    await fleet.roll_out()
    return fleet


async def installed(fleet: Fleet, *served: str) -> None:
    fleet.kube.served |= set(served)
    await fleet.optional_kinds.look()
    await fleet.settle()


async def test_without_the_kinds_the_service_runs_and_says_what_is_missing() -> None:
    fleet = await running(ROUTED)
    conditions = fleet.conditions(ROUTED)
    assert conditions["Ready"].status == "True"
    assert conditions["RouteReady"].reason == conditions["MonitoringReady"].reason == "KindMissing"
    assert "publicUrl" not in fleet.status(ROUTED)
    assert [call for call in fleet.kube.reads if call.kind in {kind.name for kind in OPTIONAL}] == []


async def test_children_follow_as_soon_as_their_kinds_are_there() -> None:
    fleet = await running(ROUTED)
    await installed(fleet, HTTP_ROUTE.name, SERVICE_MONITOR.name)
    assert fleet.kube.has(ROUTE)
    assert fleet.kube.has(MONITOR)
    assert fleet.status(ROUTED)["publicUrl"] == "https://shop.example.org/"
    assert fleet.conditions(ROUTED)["MonitoringReady"].status == "True"
    assert await fleet.pass_over(ROUTED) == []


async def test_kind_that_goes_takes_nothing_with_it() -> None:
    fleet = await running(ROUTED, HTTP_ROUTE.name)
    before = fleet.kube.object(child("Deployment", "shop"))
    fleet.kube.served.clear()
    fleet.cache.end(HTTP_ROUTE)
    writes = await fleet.pass_over(ROUTED)
    assert writes == [Call("patch_status", "FastAPIService", "shop")]
    assert fleet.kube.object(child("Deployment", "shop")) == before
    assert fleet.conditions(ROUTED)["Ready"].status == "True"
    assert fleet.conditions(ROUTED)["RouteReady"].reason == "KindMissing"


async def test_pass_that_fails_before_it_has_looked_does_not_call_a_kind_missing() -> None:
    fleet = await running(ROUTED, HTTP_ROUTE.name)
    before = fleet.status(ROUTED)["publicUrl"], fleet.conditions(ROUTED)["RouteReady"]
    fleet.kube.fail("get", "Secret", ApiUnavailableError("no answer"))
    await fleet.submit(fastapi_service(**ROUTED["spec"], secrets=[{"env": "KEY", "name": "key", "key": "key"}]))
    assert fleet.conditions(ROUTED)["Ready"].reason == "ApiUnavailable"
    assert (fleet.status(ROUTED)["publicUrl"], fleet.conditions(ROUTED)["RouteReady"]) == before


async def test_warns_that_nobody_outside_is_let_in_until_somebody_is() -> None:
    fleet = await running(INGRESSED)
    assert fleet.conditions(INGRESSED)["NetworkOpen"].reason == "NobodyLetIn"
    await fleet.submit(fastapi_service(**INGRESSED["spec"], networkPolicy={"fromNamespaces": ["ingress-nginx"]}))
    assert "NetworkOpen" not in fleet.conditions(INGRESSED)


async def test_answer_of_a_gateway_shows_in_status() -> None:
    fleet = await running(ROUTED, HTTP_ROUTE.name)
    assert fleet.conditions(ROUTED)["RouteReady"].status == "Unknown"
    generation = fleet.kube.object(ROUTE)["metadata"]["generation"]
    answers = [
        {"type": kind, "status": "True", "observedGeneration": generation} for kind in ("Accepted", "ResolvedRefs")
    ]
    parents = [{"parentRef": {"name": "public"}, "conditions": answers}]
    fleet.kube.edit(ROUTE, lambda obj: obj.update(status={"parents": parents}))
    await fleet.settle()
    assert fleet.conditions(ROUTED)["RouteReady"].reason == "RouteAccepted"


async def test_measured_without_being_asked_where_the_kind_is_there_and_somebody_gets_in() -> None:
    fleet = await running(PLAIN, SERVICE_MONITOR.name)
    assert not fleet.kube.has(MONITOR), "a target that nobody reaches would be down for ever"
    for policy in ({"fromNamespaces": ["monitoring"]}, {"from": [{"cidr": "192.0.2.0/24"}]}, {"enabled": False}):
        await fleet.submit(fastapi_service(networkPolicy=policy))
        assert fleet.kube.has(MONITOR)
        assert not {"MonitoringReady", "NetworkOpen"} & set(fleet.conditions(PLAIN))
        await fleet.submit(PLAIN)
        assert not fleet.kube.has(MONITOR)


async def test_measured_without_being_asked_where_the_chart_lets_a_namespace_in() -> None:
    fleet = Fleet(caller_namespaces=("monitoring",))
    await installed(fleet, SERVICE_MONITOR.name)
    await fleet.submit(PLAIN)
    await fleet.roll_out()
    assert fleet.kube.has(MONITOR)


async def test_who_asks_to_be_measured_is_and_is_told_that_nobody_gets_in() -> None:
    fleet = await running(fastapi_service(monitoring={}), SERVICE_MONITOR.name)
    assert fleet.kube.has(MONITOR)
    assert fleet.conditions(PLAIN)["NetworkOpen"].reason == "NobodyLetIn"


async def test_what_the_spec_no_longer_asks_for_goes() -> None:
    everything = fastapi_service(**ROUTED["spec"], ingress={"host": "shop.example.org"})
    fleet = await running(everything, HTTP_ROUTE.name, SERVICE_MONITOR.name)
    assert all(map(fleet.kube.has, (ROUTE, MONITOR, INGRESS, CLOSED)))
    await fleet.submit(fastapi_service(monitoring={"enabled": False}))
    assert not any(map(fleet.kube.has, (ROUTE, MONITOR, INGRESS, CLOSED)))
    assert "publicUrl" not in fleet.status(everything)


async def test_foreign_route_of_that_name_is_left_alone() -> None:
    fleet = Fleet()
    fleet.kube.served.add(HTTP_ROUTE.name)
    theirs = {
        "apiVersion": HTTP_ROUTE.api_version,
        "kind": HTTP_ROUTE.name,
        "metadata": {"name": "shop", "namespace": "team"},
        "spec": {},
    }
    fleet.kube.create(theirs)
    await fleet.optional_kinds.look()
    await fleet.submit(ROUTED)
    assert fleet.conditions(ROUTED)["Ready"].reason == "NotOwned"
    assert fleet.kube.object(ROUTE)["spec"] == {}


async def test_rules_that_others_change_are_put_right() -> None:
    fleet = await running(ROUTED, HTTP_ROUTE.name)
    wanted = fleet.kube.object(ROUTE)["spec"]
    fleet.kube.edit(ROUTE, lambda obj: obj["spec"]["rules"][1].update(backendRefs=[{"name": "shop", "port": 8000}]))
    await fleet.settle()
    assert fleet.kube.object(ROUTE)["spec"] == wanted


async def test_paths_that_others_open_are_closed_again() -> None:
    fleet = await running(INGRESSED)
    wanted = fleet.kube.object(INGRESS)["spec"]
    fleet.kube.edit(INGRESS, lambda obj: obj["spec"]["rules"][0]["http"]["paths"].pop(0))
    await fleet.settle()
    assert fleet.kube.object(INGRESS)["spec"] == wanted


async def test_route_that_the_api_refuses_leaves_the_pods_as_they_are_and_is_told() -> None:
    fleet = await running(PLAIN, HTTP_ROUTE.name)
    fleet.kube.fail("apply", HTTP_ROUTE.name, ApiRefusedError("hostname is taken"))
    await fleet.submit(ROUTED)
    assert fleet.conditions(ROUTED)["Ready"].reason == "ApiRefused"
    fleet.time.advance(10)
    await fleet.settle()
    assert fleet.conditions(ROUTED)["Ready"].status == "True"
