"""What NetworkPolicies let through, as the Kubernetes documentation states it: a model for rendered policies.

Policies add up. A pod that no policy selects for a direction is open in it; a connection needs both ends' consent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

Policy = Mapping[str, Any]


@dataclass(frozen=True)
class Endpoint:
    """A pod or, without a namespace, an address outside. `ports`: numbers that the pod gives a name, by that name."""

    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    address: str = "10.244.0.9"
    ports: Mapping[str, int] = field(default_factory=dict)


def allows(policies: Iterable[Policy], source: Endpoint, target: Endpoint, port: int, protocol: str = "TCP") -> bool:
    """Whether a connection from `source` to this port of `target` comes about."""
    known = list(policies)
    leaves = _passes(known, source, "Egress", target, _Wire(target, port, protocol))
    return leaves and _passes(known, target, "Ingress", source, _Wire(target, port, protocol))


@dataclass(frozen=True)
class _Wire:
    target: Endpoint
    port: int
    protocol: str

    def fits(self, port: Mapping[str, Any]) -> bool:
        number = self.target.ports.get(port["port"]) if isinstance(port["port"], str) else port["port"]
        return port.get("protocol", "TCP") == self.protocol and number == self.port


def _passes(policies: list[Policy], pod: Endpoint, direction: str, other: Endpoint, wire: _Wire) -> bool:
    isolating = [
        policy
        for policy in policies
        if policy["metadata"]["namespace"] == pod.namespace
        and direction in policy["spec"]["policyTypes"]
        and _selects(policy["spec"]["podSelector"], pod.labels)
    ]
    side = "from" if direction == "Ingress" else "to"
    return not isolating or any(
        _rule_passes(rule, side, other, wire, policy["metadata"]["namespace"])
        for policy in isolating
        for rule in policy["spec"].get(direction.lower(), ())
    )


def _rule_passes(rule: Mapping[str, Any], side: str, other: Endpoint, wire: _Wire, namespace: str) -> bool:
    peers, ports = rule.get(side), rule.get("ports")
    is_peer = not peers or any(_is_peer(peer, other, namespace) for peer in peers)
    return is_peer and (not ports or any(wire.fits(port) for port in ports))


def _is_peer(peer: Mapping[str, Any], other: Endpoint, namespace: str) -> bool:
    if "ipBlock" in peer:
        return ip_address(other.address) in ip_network(peer["ipBlock"]["cidr"])
    names = {"kubernetes.io/metadata.name": other.namespace}
    home = _selects(peer["namespaceSelector"], names) if "namespaceSelector" in peer else other.namespace == namespace
    return bool(other.namespace) and home and _selects(peer.get("podSelector", {}), other.labels)


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    exact: Mapping[str, str] = selector.get("matchLabels", {})
    return exact.items() <= labels.items() and all(
        labels.get(expression["key"]) in expression["values"] for expression in selector.get("matchExpressions", ())
    )
