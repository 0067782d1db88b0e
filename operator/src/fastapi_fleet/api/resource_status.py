"""Status of both kinds: written by the operator alone, once a pass."""

from typing import Annotated

from pydantic import Field, StringConstraints

from fastapi_fleet.api.conditions import Condition
from fastapi_fleet.api.model import ApiModel, Count, Generation, map_list

_Text = Annotated[str, StringConstraints(max_length=1024)]


class Binding(ApiModel):
    name: _Text = Field(description="Secret that holds the connection URLs of the backing services.")


NEVER = "1970-01-01T00:00:00Z"
"""lastTransitionTime of a condition that nobody has set: the API server's clock is not at hand in a default."""


class ResourceStatus(ApiModel):
    observed_generation: Generation | None = Field(None, description="Newest generation of the spec that was acted on.")
    conditions: list[Condition] = Field(
        default=[], max_length=32, description="One condition a step.", json_schema_extra=map_list("type")
    )


class FastAPIServiceStatus(ResourceStatus):
    """Status of a FastAPIService: conditions, and what runs."""

    url: _Text | None = Field(None, description="URL of the Service inside the cluster.")
    replicas: Count | None = Field(None, description="Number of pods.")
    ready_replicas: Count | None = Field(None, description="Number of pods that are ready.")
    selector: _Text | None = Field(None, description="Label selector of the pods, for the scale subresource.")
    image: _Text | None = Field(None, description="Image of the revision that is being rolled out or runs.")
    revision: _Text | None = Field(None, description="Hash of the newest pod template.")
    last_ready_revision: _Text | None = Field(None, description="Newest revision whose rollout completed.")
    binding: Binding | None = Field(None, description="Provisioned Service of servicebinding.io.")


class FleetPlatformStatus(ResourceStatus):
    """Status of a FleetPlatform: conditions only."""
