"""How far a canary is: what the next pass, of whatever operator process, goes on from."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from fastapi_fleet.api.model import ApiModel, Count, Generation


class CanaryStatus(ApiModel):
    revision: Annotated[str, StringConstraints(max_length=64)] = Field(description="The revision that is tried.")
    phase: Literal["Progressing", "Promoting", "Promoted", "Aborted"] = Field(
        description="Progressing: it runs beside the one that serves. Promoting: it is being rolled out. Promoted: it "
        "was. Aborted: it is gone, and is not tried again until the spec changes."
    )
    step: Count = Field(description="Step of spec.rollout.canary that it has reached, from 1 on.")
    weight: Count = Field(description="Percent of the requests that the step is for.")
    route_weight: Count | None = Field(
        None, description="Percent that the HTTPRoute gives it now. Left out where the share is by pods."
    )
    replicas: Count = Field(description="Pods that it has in this step.")
    available: bool = Field(description="Whether they are all available.")
    since: Annotated[str, Field(json_schema_extra={"format": "date-time"})] = Field(
        description="Since when this is so. The pause of a step counts from when its pods are available."
    )
    generation: Generation = Field(description="Generation of the spec that this was decided for.")
    message: Annotated[str, StringConstraints(max_length=512)] | None = Field(None, description="Why it was aborted.")
