"""NetworkPolicy of a service: nobody reaches its pods, and they reach nobody, but for what specs say."""

from collections.abc import Iterator

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import (
    AMQP_PORT,
    LABEL_COMPONENT,
    LABEL_OWNER_KIND,
    LABEL_OWNER_NAME,
    OWNER_KIND_PLATFORM,
    POSTGRES_PORT,
)
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, Owner, child
from fastapi_fleet.resources.network_rules import (
    declared_sources,
    pods_of_namespace,
    pods_of_services,
    rules,
    towards,
    towards_dns,
    towards_server,
)
from fastapi_fleet.resources.service_inputs import ServerPeer, ServiceInputs


def render_network_policy(owner: Owner, spec: FastAPIServiceSpec, inputs: ServiceInputs) -> Manifest | None:
    """Selects the pods by their owner: those of companions and of Jobs are meant as well."""
    policy = spec.network_policy
    if not policy.enabled:
        return None
    manifest = child(
        owner, api_version="networking.k8s.io/v1", kind="NetworkPolicy", name=owner.name, component="service"
    )
    egress = {} if policy.egress == "Open" else {"egress": list(_egress(spec, inputs))}
    return {
        **manifest,
        "spec": {
            "podSelector": _pods(owner, inputs),
            "policyTypes": ["Ingress", *(["Egress"] if egress else [])],
            "ingress": _ingress(spec, inputs),
            **egress,
        },
    }


def _pods(owner: Owner, inputs: ServiceInputs) -> Manifest:
    """A server of the service's own has a policy of its own, and goes nowhere that the service may go."""
    labels = {"matchLabels": {LABEL_OWNER_KIND: owner.kind, LABEL_OWNER_NAME: owner.name}}
    if inputs.own_server is None:
        return labels
    return {**labels, "matchExpressions": [{"key": LABEL_COMPONENT, "operator": "NotIn", "values": ["postgres"]}]}


def _ingress(spec: FastAPIServiceSpec, inputs: ServiceInputs) -> list[Manifest]:
    """By names of ports: while the number changes, pods of both revisions can be reached."""
    callers = [pods_of_services(inputs.callers)] if inputs.callers else []
    namespaces = [pods_of_namespace(name) for name in inputs.caller_namespaces]
    ports = ("http", *(extra.name for extra in spec.extra_ports))
    return [
        *rules("from", [*callers, *namespaces, *declared_sources(spec.network_policy)], ports),
        *_analysis(spec, inputs),
    ]


def _analysis(spec: FastAPIServiceSpec, inputs: ServiceInputs) -> list[Manifest]:
    """The operator asks a canary's pods for their metrics."""
    canary = spec.rollout.canary
    asks = canary is not None and canary.analysis is not None
    return rules("from", [pods_of_namespace(inputs.operator_namespace)], ["http"]) if asks else []


def _egress(spec: FastAPIServiceSpec, inputs: ServiceInputs) -> Iterator[Manifest]:
    """By numbers: not every network plugin looks up names of ports on the other side.

    What pods of an older revision use stays open to them until they are gone.
    """
    yield towards_dns()
    if spec.database is not None or names.DATABASE_URL in inputs.leaving:
        yield towards_server(inputs.servers.get("postgres") or _embedded(spec.platform, "postgres", POSTGRES_PORT))
    if spec.broker is not None or names.RABBITMQ_URL in inputs.leaving:
        yield towards_server(inputs.servers.get("rabbitmq") or _embedded(spec.platform, "rabbitmq", AMQP_PORT))
    for name, port in sorted(inputs.dependency_ports.items()):
        yield from rules("to", [pods_of_services([name])], [port, *inputs.dependency_extra_ports.get(name, ())])
    yield from (towards(target) for target in spec.network_policy.to)


def _embedded(platform: str, component: str, port: int) -> ServerPeer:
    labels = {LABEL_OWNER_KIND: OWNER_KIND_PLATFORM, LABEL_OWNER_NAME: platform, LABEL_COMPONENT: component}
    return ServerPeer(port, pod_labels=labels)
