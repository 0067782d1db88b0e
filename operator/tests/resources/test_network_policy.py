"""Who reaches whom under the rendered policies."""

from typing import Any

import pytest
from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.reconcile.ownership import owner_from
from fastapi_fleet.reconcile.parse import parse_service
from fastapi_fleet.resources.manifest import Manifest
from fastapi_fleet.resources.render import render_fastapi_service
from fastapi_fleet.resources.service_inputs import ServerPeer, ServiceInputs
from hypothesis import given
from hypothesis import strategies as st
from support.network_policies import Endpoint, allows
from support.rendering import rendered_platform
from support.resources import fastapi_service

DNS = Endpoint("kube-system", {"k8s-app": "kube-dns"})
INTERNET = Endpoint(address="198.51.100.7")
STRANGER = Endpoint("team", {"app": "stranger"})
OPERATOR = Endpoint("fleet-system", {"app.kubernetes.io/name": "fastapi-fleet"})


def children(name: str, inputs: ServiceInputs | None = None, **spec: Any) -> list[Manifest]:
    resource = fastapi_service(name, **spec)
    given_inputs = inputs or ServiceInputs()
    return list(render_fastapi_service(owner_from(resource), parse_service(resource), given_inputs).all)


def policies(manifests: list[Manifest]) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] == "NetworkPolicy"]


def pod(manifests: list[Manifest], namespace: str = "team") -> Endpoint:
    (workload,) = [manifest for manifest in manifests if manifest["kind"] in {"Deployment", "StatefulSet"}]
    template = workload["spec"]["template"]
    ports = {port["name"]: port["containerPort"] for port in template["spec"]["containers"][0]["ports"]}
    return Endpoint(namespace, template["metadata"]["labels"], ports=ports)


CALLEE = children("users", ServiceInputs(callers=("orders",)), extraPorts=[{"name": "grpc", "port": 9000}])
CALLER = children(
    "orders",
    ServiceInputs(dependency_ports={"users": 8000}, dependency_extra_ports={"users": (9000,)}),
    services=[{"name": "users", "env": "USER_SERVICE_URL"}],
    database={},
)
OTHER = children("stock")
POLICIES = policies(CALLEE) + policies(CALLER) + policies(OTHER)
BACKENDS = rendered_platform(FleetPlatformSpec.model_validate({"postgres": {}, "rabbitmq": {}}))
POSTGRES = pod([manifest for manifest in BACKENDS if "postgres" in manifest["metadata"]["name"]])
RABBITMQ = pod([manifest for manifest in BACKENDS if "rabbitmq" in manifest["metadata"]["name"]])


@pytest.mark.parametrize("port", [8000, 9000])
def test_a_declared_caller_reaches_every_port_of_the_service(port: int) -> None:
    assert allows(POLICIES, pod(CALLER), pod(CALLEE), port)


@pytest.mark.parametrize(
    "source",
    [STRANGER, pod(OTHER), INTERNET, pod(CALLER, "elsewhere"), OPERATOR],
    ids=["stranger", "service that does not declare it", "internet", "namesake elsewhere", "operator"],
)
def test_nobody_else_reaches_a_service(source: Endpoint) -> None:
    assert not allows(POLICIES, source, pod(CALLEE), 8000)


def test_a_port_that_the_spec_does_not_name_is_closed() -> None:
    assert not allows(POLICIES, pod(CALLER), pod(CALLEE), 5678)


def test_callee_does_not_reach_its_caller() -> None:
    assert not allows(POLICIES, pod(CALLEE), pod(CALLER), 8000)


@pytest.mark.parametrize("protocol", ["UDP", "TCP"])
def test_every_service_resolves_names(protocol: str) -> None:
    assert allows(POLICIES, pod(OTHER), DNS, 53, protocol)


def test_internet_is_closed_until_it_is_asked_for() -> None:
    asking = children("mailer", networkPolicy={"to": [{"cidr": "198.51.100.0/24", "ports": [{"port": 587}]}]})
    assert not allows(POLICIES, pod(OTHER), INTERNET, 587)
    assert allows(policies(asking), pod(asking), INTERNET, 587)
    assert not allows(policies(asking), pod(asking), INTERNET, 443)
    assert not allows(policies(asking), pod(asking), Endpoint(address="203.0.113.1"), 587)


def test_open_egress_reaches_everything_and_lets_nobody_in() -> None:
    service = children("crawler", networkPolicy={"egress": "Open"})
    assert allows(policies(service), pod(service), INTERNET, 443)
    assert not allows(policies(service), STRANGER, pod(service), 8000)


def test_namespaces_of_the_spec_and_of_the_operator_reach_the_service() -> None:
    inputs = ServiceInputs(caller_namespaces=("monitoring",))
    service = children("users", inputs, networkPolicy={"fromNamespaces": ["ingress-nginx"]})
    for namespace in ("monitoring", "ingress-nginx"):
        assert allows(policies(service), Endpoint(namespace, {"app": "any"}), pod(service), 8000)
    assert not allows(policies(service), Endpoint("default", {"app": "any"}), pod(service), 8000)


PEERS = [
    ({"podLabels": {"app": "batch"}}, Endpoint("team", {"app": "batch"}), Endpoint("elsewhere", {"app": "batch"})),
    ({"namespace": "batch"}, Endpoint("batch", {"app": "any"}), Endpoint("team", {"app": "any"})),
    (
        {"namespace": "batch", "podLabels": {"app": "nightly"}},
        Endpoint("batch", {"app": "nightly"}),
        Endpoint("batch", {"app": "other"}),
    ),
    ({"cidr": "192.0.2.0/24"}, Endpoint(address="192.0.2.1"), Endpoint(address="192.0.3.1")),
]


@pytest.mark.parametrize(("peer", "inside", "outside"), PEERS)
def test_a_peer_of_the_spec_gets_in_and_its_neighbour_does_not(
    peer: dict[str, Any], inside: Endpoint, outside: Endpoint
) -> None:
    service = children("users", networkPolicy={"from": [peer]})
    assert allows(policies(service), inside, pod(service), 8000)
    assert not allows(policies(service), outside, pod(service), 8000)


def test_service_with_a_database_reaches_it_and_not_the_broker() -> None:
    everything = POLICIES + policies(BACKENDS)
    assert allows(everything, pod(CALLER), POSTGRES, 5432)
    assert not allows(everything, pod(CALLER), RABBITMQ, 5672)
    assert not allows(everything, pod(OTHER), POSTGRES, 5432)


def test_service_with_a_broker_reaches_it_and_not_its_administration() -> None:
    service = children("events", broker={})
    everything = policies(service) + policies(BACKENDS)
    assert allows(everything, pod(service), RABBITMQ, 5672)
    assert not allows(everything, pod(service), RABBITMQ, 15672)


@pytest.mark.parametrize(
    ("host", "reached"), [("198.51.100.7", INTERNET), ("db.example.com", INTERNET), ("db.example.com", STRANGER)]
)
def test_service_reaches_an_external_server_on_its_port_alone(host: str, reached: Endpoint) -> None:
    service = children("shop", ServiceInputs(servers={"postgres": ServerPeer(6432, host=host)}), database={})
    assert allows(policies(service), pod(service), reached, 6432)
    assert not allows(policies(service), pod(service), reached, 5432)


def test_service_reaches_the_pods_that_another_operator_runs_and_no_others() -> None:
    server = ServerPeer(5432, pod_labels={"cnpg.io/cluster": "default-postgres"}, host="default-postgres-rw.team.svc")
    service = children("shop", ServiceInputs(servers={"postgres": server}), database={})
    instance = Endpoint("team", {"cnpg.io/cluster": "default-postgres", "role": "primary"})
    assert allows(policies(service), pod(service), instance, 5432)
    assert not allows(policies(service), pod(service), STRANGER, 5432)


def test_external_server_with_an_address_is_reached_at_this_address_alone() -> None:
    inputs = ServiceInputs(servers={"rabbitmq": ServerPeer(5671, host="198.51.100.8")})
    service = children("shop", inputs, broker={})
    assert not allows(policies(service), pod(service), INTERNET, 5671)


@pytest.mark.parametrize(("server", "port"), [(POSTGRES, 5432), (RABBITMQ, 15672)])
def test_the_operator_administers_the_servers_and_no_stranger_reaches_them(server: Endpoint, port: int) -> None:
    assert allows(policies(BACKENDS), OPERATOR, server, port)
    assert not allows(policies(BACKENDS), STRANGER, server, port)


def test_platform_lets_in_whom_its_spec_names() -> None:
    spec = {"postgres": {}, "networkPolicy": {"fromNamespaces": ["backup"]}}
    manifests = rendered_platform(FleetPlatformSpec.model_validate(spec))
    assert allows(policies(manifests), Endpoint("backup", {}), POSTGRES, 5432)


def test_without_policies_everybody_gets_through() -> None:
    assert policies(children("users", networkPolicy={"enabled": False})) == []
    spec = {"postgres": {}, "rabbitmq": {}, "networkPolicy": {"enabled": False}}
    assert policies(rendered_platform(FleetPlatformSpec.model_validate(spec))) == []


NAMES = st.sets(st.sampled_from(["a", "b", "c", "d"]))


@given(NAMES, st.dictionaries(st.sampled_from("abcd"), NAMES))
def test_calls_come_about_exactly_where_they_are_declared(names: set[str], calls: dict[str, set[str]]) -> None:
    declared = {caller: calls.get(caller, set()) & names - {caller} for caller in names}
    services = {
        name: children(
            name,
            ServiceInputs(
                callers=tuple(sorted(caller for caller, called in declared.items() if name in called)),
                dependency_ports=dict.fromkeys(declared[name], FastAPIServiceSpec.model_fields["port"].default),
            ),
            services=[{"name": called, "env": f"{called.upper()}_ADDRESS"} for called in sorted(declared[name])],
        )
        for name in names
    }
    everything = [policy for manifests in services.values() for policy in policies(manifests)]
    for caller in names:
        for called in names - {caller}:
            comes_about = allows(everything, pod(services[caller]), pod(services[called]), 8000)
            assert comes_about == (called in declared[caller])
