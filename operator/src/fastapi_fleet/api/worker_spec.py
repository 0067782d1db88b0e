"""The worker of a service: pods of the same image that carry events and answer no requests."""

from typing import Annotated

from pydantic import Field

from fastapi_fleet.api.model import ApiModel, Argument, ResourceRequirements
from fastapi_fleet.api.probe_spec import Probes


class Worker(ApiModel):
    command: list[Argument] | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="Command of the worker. That of the service when left out, with PROCESS=worker.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    args: list[Argument] | None = Field(
        None,
        max_length=64,
        description="Arguments after the command. Those of the service where command is left out, too.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    replicas: Annotated[int, Field(ge=0, le=1000)] = Field(1, description="Number of pods.")
    resources: ResourceRequirements | None = Field(
        None, description="Compute resources. Those of the service when left out."
    )
    probes: Probes | None = Field(
        None,
        description="Health checks, on the service's port. When left out those of the service, or none where command "
        "is set: it need not answer HTTP.",
    )
