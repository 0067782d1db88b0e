"""What the modes of a platform's servers need beside the mode itself."""

from typing import Final

from pydantic import Field

from fastapi_fleet.api.model import ApiModel, ImageReference, ObjectName, cel, cel_rules

MODE_IS_FIXED: Final = cel_rules(
    cel(
        "self == oldSelf",
        "mode cannot change: data stays where it is; make another FleetPlatform and name it in spec.platform",
    )
)

TOPOLOGY_IS_FIXED: Final = cel_rules(
    cel(
        "self == oldSelf",
        "topology cannot change: data stays where it is; make another FleetPlatform and name it in spec.platform",
    )
)

PER_SERVICE_IS_EMBEDDED: Final = cel(
    "self.topology == 'Shared' || self.mode == 'Embedded'",
    "postgres.topology PerService is for postgres.mode Embedded",
    field_path=".topology",
)


def needed_by_mode(server: str, field: str, mode: str) -> tuple[dict[str, str], dict[str, str]]:
    """CEL rules: `field` of `server` is there exactly when the mode is `mode`."""
    return (
        cel(f"self.mode != '{mode}' || has(self.{field})", f"{server}.mode {mode} needs {server}.{field}"),
        only_for_mode(server, field, mode),
    )


def only_for_mode(server: str, field: str, mode: str) -> dict[str, str]:
    """CEL rule: `field` of `server` means nothing in any other mode than `mode`."""
    return cel(
        f"self.mode == '{mode}' || !has(self.{field})",
        f"{server}.{field} is for {server}.mode {mode}",
        field_path=f".{field}",
    )


class AdminSecretReference(ApiModel):
    name: ObjectName = Field(description="Name of the Secret, in the platform's own namespace.")


class External(ApiModel):
    """A server that the operator did not make."""

    admin_secret_ref: AdminSecretReference = Field(
        description="Secret that says where the server is and who administers it. "
        "The operator calls only hosts that its own settings allow."
    )


class CloudNativePG(ApiModel):
    """A Cluster of CloudNativePG."""

    instances: int = Field(3, ge=1, le=100, description="PostgreSQL pods: one primary, the others its replicas.")
    image: ImageReference | None = Field(
        None, description="Image that CloudNativePG can run. Its own default when left out."
    )
    storage_class: ObjectName | None = Field(
        None, description="StorageClass of the volumes. The cluster's default when left out."
    )


class ClusterOperator(ApiModel):
    """A RabbitmqCluster of the RabbitMQ Cluster Operator."""

    replicas: int = Field(3, ge=1, le=9, description="RabbitMQ pods. Queues are kept by a majority: an odd number.")
    image: ImageReference | None = Field(
        None, description="RabbitMQ image. The Cluster Operator's own default when left out."
    )
    storage_class: ObjectName | None = Field(
        None, description="StorageClass of the volumes. The cluster's default when left out."
    )
