"""NetworkPolicies of a platform: its embedded servers are for the services of the namespace and for the operator."""

from fastapi_fleet.api.network_spec import IngressPolicy
from fastapi_fleet.api.platform_spec import FleetPlatformSpec, PostgresPlatform, RabbitmqPlatform
from fastapi_fleet.constants import LABEL_OWNER_KIND, OWNER_KIND_SERVICE
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, Owner, child, selector_labels
from fastapi_fleet.resources.network_rules import declared_sources, pods_of_namespace, rules, towards_dns

SERVICE_PORT = {"postgres": "postgres", "rabbitmq": "amqp"}
ADMIN_PORT = {"postgres": "postgres", "rabbitmq": "management"}


def render_backend_network_policies(owner: Owner, spec: FleetPlatformSpec, operator_namespace: str) -> list[Manifest]:
    servers = {"postgres": names.postgres(owner.name), "rabbitmq": names.rabbitmq(owner.name)}
    return [
        _render(owner, spec.network_policy, server, component, operator_namespace)
        for component, server in servers.items()
        if spec.network_policy.enabled and _is_embedded(getattr(spec, component))
    ]


def _is_embedded(server: PostgresPlatform | RabbitmqPlatform | None) -> bool:
    return server is not None and server.mode == "Embedded"


def _render(owner: Owner, policy: IngressPolicy, server: str, component: str, operator_namespace: str) -> Manifest:
    """All services of the namespace may connect: which of them has a login, the server knows."""
    manifest = child(owner, api_version="networking.k8s.io/v1", kind="NetworkPolicy", name=server, component=component)
    services = {"podSelector": {"matchLabels": {LABEL_OWNER_KIND: OWNER_KIND_SERVICE}}}
    return {
        **manifest,
        "spec": {
            "podSelector": {"matchLabels": selector_labels(server, component)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                *rules("from", [services, *declared_sources(policy)], [SERVICE_PORT[component]]),
                *rules("from", [pods_of_namespace(operator_namespace)], [ADMIN_PORT[component]]),
            ],
            "egress": [towards_dns()],
        },
    }
