"""How a service is reached from outside the cluster, and by whom it is measured."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from fastapi_fleet.api.model import ApiModel, HttpPath, ObjectName, cel, cel_rules
from fastapi_fleet.api.network_spec import LabelKey, LabelValue, NamespaceName
from fastapi_fleet.constants import GROUP

Host = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=253,
        pattern=r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    ),
]
"""A host name whose first label may be the wildcard *."""

PublicPath = Annotated[
    str,
    StringConstraints(min_length=1, max_length=512, pattern=r"^(/\.?[A-Za-z0-9_~-][A-Za-z0-9._~!$&'()*+,;=:@-]*)*/?$"),
]
"""A path as proxies agree on it: no empty segment, no dots that lead elsewhere, nothing encoded."""

InternalPath = Literal["/docs", "/redoc", "/openapi.json", "/metrics", "/health"]
"""What a FastAPI service answers to its own people only."""

AlsoPublic = Annotated[
    list[InternalPath],
    Field(max_length=5, json_schema_extra={"x-kubernetes-list-type": "set"}),
]
ALSO_PUBLIC = (
    "Internal paths that are public all the same; /metrics stands for monitoring.path too. "
    "Without it /docs, /redoc, /openapi.json, /metrics and /health are not answered from outside."
)

IngressAnnotations = Annotated[
    dict[LabelKey, Annotated[str, StringConstraints(max_length=4096)]],
    Field(
        max_length=32,
        json_schema_extra=cel_rules(
            cel(
                f"self.all(key, !key.startsWith('{GROUP}/'))",
                f"ingress.annotations must not begin with {GROUP}/: those are the operator's",
            )
        ),
    ),
]


class IngressTls(ApiModel):
    secret_name: ObjectName = Field(description="Secret of type kubernetes.io/tls in the same namespace.")


class Ingress(ApiModel):
    host: Host = Field(description="Host name, such as shop.example.org or *.example.org.")
    path: PublicPath = Field("/", description="Path that leads to the service; it arrives there unchanged.")
    path_type: Literal["Prefix", "Exact"] = Field("Prefix", description="Whether everything below path belongs to it.")
    class_name: ObjectName | None = Field(None, description="IngressClass. The cluster's default when left out.")
    tls: IngressTls | None = Field(None, description="Serve HTTPS with this certificate.")
    annotations: IngressAnnotations = Field(
        default={}, description="Annotations of the Ingress, for its controller or a certificate manager."
    )
    also_public: AlsoPublic = Field(default=[], description=ALSO_PUBLIC)


class ParentRef(ApiModel):
    name: ObjectName = Field(description="Name of the Gateway.")
    namespace: NamespaceName | None = Field(
        None, description="Its namespace; the Gateway must allow routes from here. Default: the service's own."
    )
    section_name: ObjectName | None = Field(None, description="One listener of it. All that fit when left out.")


_SAME_GATEWAY = (
    "a.name == b.name && (has(a.__namespace__) ? a.__namespace__ : '') == (has(b.__namespace__) ? b.__namespace__ : '')"
)
_SAME_LISTENER = f"{_SAME_GATEWAY} && has(b.sectionName) && a.sectionName == b.sectionName"


class Route(ApiModel):
    hosts: list[Host] = Field(
        default=[],
        max_length=16,
        description="Host names. Those of the Gateway's listeners when empty.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    path: PublicPath = Field("/", description="Path below which all leads to the service; it arrives there unchanged.")
    parent_refs: list[ParentRef] = Field(
        min_length=1,
        max_length=8,
        description="Gateways that the route wants to be served by.",
        json_schema_extra={
            "x-kubernetes-list-type": "atomic",
            **cel_rules(
                cel(
                    f"self.all(a, self.exists_one(b, {_SAME_GATEWAY}) || "
                    f"(has(a.sectionName) && self.exists_one(b, {_SAME_LISTENER})))",
                    "route.parentRefs: a Gateway that is named more than once needs another sectionName each time",
                )
            ),
        },
    )
    scheme: Literal["https", "http"] = Field(
        "https", description="What the Gateway's listener speaks. Only status.publicUrl tells it."
    )
    also_public: AlsoPublic = Field(default=[], description=ALSO_PUBLIC)


class Monitoring(ApiModel):
    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                f"!has(self.labels) || self.labels.all(key, !key.startsWith('{GROUP}/') "
                "&& !key.startsWith('app.kubernetes.io/'))",
                f"monitoring.labels must not begin with {GROUP}/ or app.kubernetes.io/: those are the operator's",
                field_path=".labels",
            )
        )
    )

    enabled: bool = Field(default=True, description="Whether the service is measured.")
    path: HttpPath = Field("/metrics", description="Path that answers in the format of Prometheus.")
    interval: (
        Annotated[str, StringConstraints(min_length=2, max_length=16, pattern=r"^([0-9]+h)?([0-9]+m)?([0-9]+s)?$")]
        | None
    ) = Field(None, description="Time from one scrape to the next, such as 30s. Prometheus' own default when left out.")
    labels: dict[LabelKey, LabelValue] = Field(
        default={},
        max_length=32,
        description="Labels of the ServiceMonitor, by which a Prometheus selects it, such as release: prometheus.",
    )
