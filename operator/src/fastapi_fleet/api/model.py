"""The base of every API model, and the types that several of them share."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel


class ApiModel(BaseModel):
    """Immutable, camelCase on the wire, and strict about unknown fields."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


def cel(rule: str, message: str, *, field_path: str | None = None) -> dict[str, str]:
    """One `x-kubernetes-validations` entry; `message` is what the person who applied the object reads."""
    path = {"fieldPath": field_path} if field_path else {}
    return {"rule": rule, "message": message, **path}


def cel_rules(*rules: dict[str, str]) -> dict[str, Any]:
    """Schema extra that carries CEL rules into the CRD."""
    return {"x-kubernetes-validations": list(rules)}


def map_list(*keys: str) -> dict[str, Any]:
    """Schema extra for a list whose items are told apart by `keys`: the API server refuses duplicates."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


Name = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$")]
"""A DNS-1035 label, as Services demand it."""

ObjectName = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=253,
        pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    ),
]
"""A DNS-1123 subdomain: the name of a Secret or ConfigMap."""

EnvName = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]

DataKey = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")]

ResourceName = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=253, pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
    ),
]
"""A compute resource, such as cpu, memory or example.com/gpu."""

Quantity = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=32, pattern=r"^([0-9]+(\.[0-9]{1,3})?)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$"
    ),
]
"""A Kubernetes quantity such as 250m, 0.5, 128Mi or 2Gi."""

HttpPath = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^/[^\s?#]*$")]

ImageReference = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[^\s]+$")]

Argument = Annotated[str, StringConstraints(max_length=4096)]

EventType = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*$")]
"""A routing key without wildcards, such as `order.created`."""

Count = Annotated[int, Field(ge=0, json_schema_extra={"format": "int32"})]

Generation = Annotated[int, Field(ge=0, json_schema_extra={"format": "int64"})]
"""metadata.generation of an object, at some time."""


class ResourceRequirements(ApiModel):
    """Compute resources of a container, by resource name."""

    requests: dict[ResourceName, Quantity] | None = Field(
        None, max_length=8, description="Least amount of each resource that the container is given."
    )
    limits: dict[ResourceName, Quantity] | None = Field(
        None,
        max_length=8,
        description="Most of each resource that the container may use. A CPU limit slows start-up; leave it out.",
    )
