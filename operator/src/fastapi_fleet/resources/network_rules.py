"""The parts that NetworkPolicies are made of."""

from collections.abc import Iterable
from ipaddress import ip_network

from fastapi_fleet.api.network_spec import IngressPolicy, NetworkPeer, NetworkTarget
from fastapi_fleet.constants import LABEL_OWNER_KIND, LABEL_OWNER_NAME, OWNER_KIND_SERVICE
from fastapi_fleet.resources.manifest import Manifest
from fastapi_fleet.resources.service_inputs import ServerPeer

DNS_PORT = 53
NAMESPACE_NAME = "kubernetes.io/metadata.name"


def rules(direction: str, peers: list[Manifest], ports: Iterable[str | int]) -> list[Manifest]:
    """No rule where there is no peer: a rule without peers would let everybody through."""
    return [{direction: peers, "ports": [_tcp(port) for port in ports]}] if peers else []


def declared_sources(policy: IngressPolicy) -> list[Manifest]:
    return [*(pods_of_namespace(name) for name in policy.from_namespaces), *(_peer(peer) for peer in policy.from_)]


def lets_somebody_in(policy: IngressPolicy, caller_namespaces: Iterable[str]) -> bool:
    """Beside the services that call. Whether it is the right one, only the cluster's owner knows."""
    return not policy.enabled or bool(policy.from_namespaces or policy.from_ or tuple(caller_namespaces))


def towards(target: NetworkTarget) -> Manifest:
    ports = [{"port": port.port, "protocol": port.protocol} for port in target.ports]
    return {"to": [_peer(target)], **({"ports": ports} if ports else {})}


def towards_dns() -> Manifest:
    """Anywhere: the cluster's resolver is a pod, a cache on the node or, with some, outside the cluster."""
    return {"ports": [{"port": DNS_PORT, "protocol": protocol} for protocol in ("UDP", "TCP")]}


def towards_server(server: ServerPeer) -> Manifest:
    """A host with a name is let through wherever it is: a policy knows addresses only, and a name changes its own."""
    return {**_whereabouts(server), "ports": [_tcp(server.port)]}


def pods_of_namespace(name: str) -> Manifest:
    return {"namespaceSelector": {"matchLabels": {NAMESPACE_NAME: name}}}


def pods_of_services(names: Iterable[str]) -> Manifest:
    """By labels that every pod has had from the beginning: a new caller restarts nobody."""
    return {
        "podSelector": {
            "matchLabels": {LABEL_OWNER_KIND: OWNER_KIND_SERVICE},
            "matchExpressions": [{"key": LABEL_OWNER_NAME, "operator": "In", "values": list(names)}],
        }
    }


def _peer(peer: NetworkPeer) -> Manifest:
    if peer.cidr is not None:
        return {"ipBlock": {"cidr": peer.cidr}}
    namespace = pods_of_namespace(peer.namespace) if peer.namespace is not None else {}
    labels = {"podSelector": {"matchLabels": peer.pod_labels}} if peer.pod_labels else {}
    return {**namespace, **labels} or {"podSelector": {}}


def _whereabouts(server: ServerPeer) -> Manifest:
    if server.pod_labels:
        return {"to": [{"podSelector": {"matchLabels": dict(server.pod_labels)}}]}
    try:
        return {"to": [{"ipBlock": {"cidr": str(ip_network(server.host))}}]}
    except ValueError:
        return {}


def _tcp(port: str | int) -> Manifest:
    return {"port": port, "protocol": "TCP"}
