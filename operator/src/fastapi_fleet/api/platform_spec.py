"""Spec of a FleetPlatform: how a namespace gets its PostgreSQL, its RabbitMQ and its defaults."""

from typing import Literal

from pydantic import ConfigDict, Field

from fastapi_fleet.api.defaults_spec import Defaults
from fastapi_fleet.api.model import ApiModel, ImageReference, Quantity, ResourceRequirements, cel, cel_rules
from fastapi_fleet.api.network_spec import IngressPolicy
from fastapi_fleet.api.platform_modes import (
    MODE_IS_FIXED,
    PER_SERVICE_IS_EMBEDDED,
    TOPOLOGY_IS_FIXED,
    CloudNativePG,
    ClusterOperator,
    External,
    needed_by_mode,
    only_for_mode,
)

STORAGE_IS_FIXED = cel_rules(cel("self == oldSelf", "storage cannot change: a StatefulSet keeps its claim"))


class PostgresPlatform(ApiModel):
    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            *needed_by_mode("postgres", "external", "External"),
            only_for_mode("postgres", "cloudNativePG", "CloudNativePG"),
            PER_SERVICE_IS_EMBEDDED,
        )
    )

    mode: Literal["Embedded", "External", "CloudNativePG"] = Field(
        "Embedded",
        description="Embedded: one PostgreSQL pod on a persistent volume, for development. "
        "External: a server that is there already. CloudNativePG: a Cluster of that operator, whose CRD must be there.",
        json_schema_extra=MODE_IS_FIXED,
    )
    topology: Literal["Shared", "PerService"] = Field(
        "Shared",
        description="Shared: one server for all services of the platform. "
        "PerService, for mode Embedded: each service with spec.database has a server of its own, as the fields here "
        "say, with a volume that outlives the service. Such a service's name has at most 43 characters.",
        json_schema_extra=TOPOLOGY_IS_FIXED,
    )
    external: External | None = Field(None, description="The server of mode External.")
    cloud_native_pg: CloudNativePG | None = Field(
        None, alias="cloudNativePG", description="The Cluster of mode CloudNativePG."
    )
    image: ImageReference = Field(
        "postgres:17", description="Embedded: image that keeps the contract of the official postgres image."
    )
    storage: Quantity = Field(
        "1Gi",
        description="Embedded and CloudNativePG: size of a volume. It outlives the platform.",
        json_schema_extra=STORAGE_IS_FIXED,
    )
    max_connections: int = Field(
        100, ge=10, le=10000, description="Embedded and CloudNativePG: max_connections of the server."
    )
    resources: ResourceRequirements | None = Field(
        None,
        description="Embedded and CloudNativePG: compute resources of a pod. "
        "Default, embedded alone: requests of 100m CPU and 256Mi, memory limit 512Mi.",
    )

    @property
    def is_per_service(self) -> bool:
        return self.mode == "Embedded" and self.topology == "PerService"


class RabbitmqPlatform(ApiModel):
    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            *needed_by_mode("rabbitmq", "external", "External"),
            only_for_mode("rabbitmq", "clusterOperator", "ClusterOperator"),
        )
    )

    mode: Literal["Embedded", "External", "ClusterOperator"] = Field(
        "Embedded",
        description="Embedded: one RabbitMQ pod on a persistent volume, for development. "
        "External: a server that is there already. "
        "ClusterOperator: a RabbitmqCluster of the RabbitMQ Cluster Operator, whose CRD must be there.",
        json_schema_extra=MODE_IS_FIXED,
    )
    external: External | None = Field(None, description="The server of mode External.")
    cluster_operator: ClusterOperator | None = Field(None, description="The RabbitmqCluster of mode ClusterOperator.")
    image: ImageReference = Field(
        "rabbitmq:4-management",
        description="Embedded: image that keeps the contract of the official rabbitmq image, "
        "management plugin included.",
    )
    storage: Quantity = Field(
        "1Gi",
        description="Embedded and ClusterOperator: size of a volume. It outlives the platform.",
        json_schema_extra=STORAGE_IS_FIXED,
    )
    resources: ResourceRequirements | None = Field(
        None,
        description="Embedded and ClusterOperator: compute resources of a pod. "
        "Default, embedded alone: requests of 100m CPU and 256Mi, memory limit 512Mi.",
    )


class FleetPlatformSpec(ApiModel):
    """What the FastAPIServices of a namespace have in common. A service uses the platform named `default`."""

    postgres: PostgresPlatform | None = Field(
        None, description="PostgreSQL for services with spec.database. None is offered when left out."
    )
    rabbitmq: RabbitmqPlatform | None = Field(
        None, description="RabbitMQ for services with spec.broker. None is offered when left out."
    )
    defaults: Defaults | None = Field(
        None,
        description="What services of this platform run with where their specs say nothing. Never written into them.",
    )
    network_policy: IngressPolicy = Field(
        default=IngressPolicy(), description="Who may reach the embedded servers beside the services of the namespace."
    )
    paused: bool = Field(
        default=False, description="While true the operator writes nothing but status, which says Paused."
    )

    @property
    def embedded(self) -> tuple[str, ...]:
        """Which servers are children of the platform: those that its services do not have of their own."""
        postgres = self.postgres is not None and self.postgres.mode == "Embedded" and not self.postgres.is_per_service
        rabbitmq = self.rabbitmq is not None and self.rabbitmq.mode == "Embedded"
        asked = {"postgres": postgres, "rabbitmq": rabbitmq}
        return tuple(component for component, wanted in asked.items() if wanted)
