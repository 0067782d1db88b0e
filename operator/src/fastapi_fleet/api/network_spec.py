"""Who may reach the pods of a service, and whom they may reach."""

from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from fastapi_fleet.api.model import ApiModel, cel, cel_rules

NamespaceName = Annotated[
    str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
]

LabelKey = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=317,
        pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
    ),
]

LabelValue = Annotated[str, StringConstraints(max_length=63, pattern=r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$")]


def _network(text: str) -> str:
    return str(ip_network(text))


Cidr = Annotated[
    str,
    StringConstraints(min_length=3, max_length=43, pattern=r"^[0-9a-fA-F.:]+/[0-9]{1,3}$"),
    AfterValidator(_network),
]
"""A network such as 10.0.0.0/8 or 2001:db8::/32, without bits beyond its prefix."""

PEER_RULE = cel_rules(
    cel(
        "has(self.cidr) != (has(self.namespace) || has(self.podLabels))",
        "networkPolicy: a peer is a cidr, or pods by namespace and podLabels: set one of the two",
    )
)


class NetworkPeer(ApiModel):
    model_config = ConfigDict(json_schema_extra=PEER_RULE)

    cidr: Cidr | None = Field(None, description="Addresses outside the pod network, such as 192.0.2.0/24.")
    namespace: NamespaceName | None = Field(None, description="Namespace of the pods. The service's own when left out.")
    pod_labels: dict[LabelKey, LabelValue] | None = Field(
        None, max_length=16, description="Labels that the pods have. Every pod of the namespace when left out."
    )


class NetworkPort(ApiModel):
    port: int = Field(ge=1, le=65535, description="Number of the port on the other side.")
    protocol: Literal["TCP", "UDP", "SCTP"] = Field("TCP", description="Protocol of the port.")


class NetworkTarget(NetworkPeer):
    model_config = ConfigDict(json_schema_extra=PEER_RULE)

    ports: list[NetworkPort] = Field(
        default=[],
        max_length=16,
        description="Ports there. Every port when empty.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )


class IngressPolicy(ApiModel):
    """What may come in, beside what the operator knows of itself."""

    enabled: bool = Field(
        default=True, description="Whether a NetworkPolicy is made. Needs a network plugin that enforces it."
    )
    from_namespaces: list[NamespaceName] = Field(
        default=[],
        max_length=32,
        description="Namespaces whose every pod may connect, such as that of the ingress controller.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    from_: list[NetworkPeer] = Field(
        default=[],
        max_length=32,
        alias="from",
        description="Pods and addresses that may connect.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )


class NetworkPolicy(IngressPolicy):
    """Services that name this one in spec.services may connect; so may what the fields say."""

    egress: Literal["Restricted", "Open"] = Field(
        "Restricted",
        description="Restricted: to DNS, the own database and broker, spec.services and `to`. Open: to everything.",
    )
    to: list[NetworkTarget] = Field(
        default=[],
        max_length=32,
        description="Pods and addresses that the service may connect to, beside those that its spec tells of.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
