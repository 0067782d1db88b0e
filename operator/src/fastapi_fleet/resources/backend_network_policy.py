"""NetworkPolicies of embedded servers: they are for the services that use them and for the operator."""

from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.constants import LABEL_OWNER_KIND, OWNER_KIND_SERVICE
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, Owner, child, selector_labels
from fastapi_fleet.resources.network_rules import (
    declared_sources,
    pods_of_namespace,
    pods_of_services,
    rules,
    towards_dns,
)
from fastapi_fleet.resources.own_server import OwnServer

SERVICE_PORT = {"postgres": "postgres", "rabbitmq": "amqp"}
ADMIN_PORT = {"postgres": "postgres", "rabbitmq": "management"}


def render_backend_network_policies(owner: Owner, spec: FleetPlatformSpec, operator_namespace: str) -> list[Manifest]:
    """All services of the namespace may connect: which of them has a login, the server knows."""
    services = {"podSelector": {"matchLabels": {LABEL_OWNER_KIND: OWNER_KIND_SERVICE}}}
    return [
        _render(owner, component, [services, *declared_sources(spec.network_policy)], operator_namespace)
        for component in spec.embedded
        if spec.network_policy.enabled
    ]


def render_own_server_network_policy(owner: Owner, server: OwnServer) -> list[Manifest]:
    """The one service may connect."""
    if not server.network_policy.enabled:
        return []
    sources = [pods_of_services([owner.name]), *declared_sources(server.network_policy)]
    return [_render(owner, "postgres", sources, server.operator_namespace)]


def _render(owner: Owner, component: str, sources: list[Manifest], operator_namespace: str) -> Manifest:
    server = names.backend(owner.name, component)
    manifest = child(owner, api_version="networking.k8s.io/v1", kind="NetworkPolicy", name=server, component=component)
    return {
        **manifest,
        "spec": {
            "podSelector": {"matchLabels": selector_labels(server, component)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                *rules("from", sources, [SERVICE_PORT[component]]),
                *rules("from", [pods_of_namespace(operator_namespace)], [ADMIN_PORT[component]]),
            ],
            "egress": [towards_dns()],
        },
    }
