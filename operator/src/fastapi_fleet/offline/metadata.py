"""metadata as people write it. What the API server sets is let through: files made by `kubectl get` have it."""

from typing import Annotated, Any

from pydantic import Field

from fastapi_fleet.api.model import ApiModel


class Metadata(ApiModel):
    name: Annotated[str, Field(min_length=1)]
    namespace: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    finalizers: list[str] | None = None
    owner_references: list[dict[str, Any]] | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: int | None = None
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None
    managed_fields: list[dict[str, Any]] | None = None
    self_link: str | None = None
