"""What a platform says for the services that use it. Each field here is one that the API server leaves empty."""

from typing import Final, Literal

from pydantic import ConfigDict, Field

from fastapi_fleet.api.affinity_spec import ATOMIC, Toleration
from fastapi_fleet.api.exposure_spec import IngressAnnotations, Monitoring
from fastapi_fleet.api.model import (
    ApiModel,
    Argument,
    EnvName,
    ObjectName,
    ResourceRequirements,
    cel,
    cel_rules,
    map_list,
)
from fastapi_fleet.api.network_spec import LabelKey, LabelValue, NamespaceName, NetworkPeer, NetworkTarget
from fastapi_fleet.api.pod_spec import OWN_METADATA_RULES
from fastapi_fleet.api.scaling_spec import ImagePullSecret
from fastapi_fleet.api.service_spec import Shutdown

OWN_VARIABLES: Final = ("DATABASE_URL", "PROCESS", "RABBITMQ_URL", "SERVICE_NAME")
"""Variables that the operator sets for each service apart."""

WITHOUT_REQUESTS: Final = " && ".join(f"'{resource}' in self.requests" for resource in ("cpu", "memory"))


class NetworkDefaults(ApiModel):
    """Beside what services say: one that has a NetworkPolicy lets these in and reaches those, too."""

    from_namespaces: list[NamespaceName] = Field(
        default=[],
        max_length=16,
        description="Namespaces whose every pod may connect, such as that of the ingress controller.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    from_: list[NetworkPeer] = Field(
        default=[],
        max_length=16,
        alias="from",
        description="Pods and addresses that may connect.",
        json_schema_extra=ATOMIC,
    )
    to: list[NetworkTarget] = Field(
        default=[],
        max_length=16,
        description="Pods and addresses that services may connect to, such as a collector of traces.",
        json_schema_extra=ATOMIC,
    )


class IngressDefaults(ApiModel):
    """For services with spec.ingress."""

    class_name: ObjectName | None = Field(None, description="IngressClass, for those that name none.")
    annotations: IngressAnnotations = Field(
        default={}, description="Annotations, such as that of a certificate manager's issuer."
    )


class PodDefaults(ApiModel):
    model_config = ConfigDict(json_schema_extra=cel_rules(*OWN_METADATA_RULES))

    labels: dict[LabelKey, LabelValue] = Field(default={}, max_length=16, description="Labels of the pods.")
    annotations: dict[LabelKey, Argument] = Field(default={}, max_length=16, description="Annotations of the pods.")
    node_selector: dict[LabelKey, LabelValue] = Field(
        default={}, max_length=16, description="Labels that a node must have, for services that select none."
    )
    tolerations: list[Toleration] = Field(
        default=[],
        max_length=16,
        description="Taints of nodes that do not matter, for services that tolerate none.",
        json_schema_extra=ATOMIC,
    )
    priority_class_name: ObjectName | None = Field(None, description="PriorityClass, for services that name none.")


class Defaults(ApiModel):
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = Field(
        None, description="When the kubelet pulls images."
    )
    image_pull_secrets: list[ImagePullSecret] = Field(
        default=[],
        max_length=16,
        description="Secrets by which the kubelet may pull images, beside those that a service names.",
        json_schema_extra=map_list("name"),
    )
    resources: ResourceRequirements | None = Field(
        None,
        description="Compute resources of services that say none at all.",
        json_schema_extra=cel_rules(
            cel(
                f"has(self.requests) && {WITHOUT_REQUESTS}",
                "defaults.resources: set requests of cpu and memory: services scale by them",
            )
        ),
    )
    config: dict[EnvName, Argument] = Field(
        default={},
        max_length=50,
        description="Environment variables, such as LOG_LEVEL. One that a service sets, by whatever field, is its own.",
        json_schema_extra=cel_rules(
            cel(
                f"self.all(name, !(name in {list(OWN_VARIABLES)}))",
                f"defaults.config: {', '.join(OWN_VARIABLES)} are each service's own",
            )
        ),
    )
    network_policy: NetworkDefaults | None = Field(None, description="Who may reach services, and whom they may reach.")
    ingress: IngressDefaults | None = Field(None, description="How services with spec.ingress are exposed.")
    monitoring: Monitoring | None = Field(
        None, description="How services without spec.monitoring are measured, such as labels that a Prometheus selects."
    )
    shutdown: Shutdown | None = Field(None, description="How pods of services without spec.shutdown stop.")
    pod: PodDefaults | None = Field(None, description="What else pods are to have.")
