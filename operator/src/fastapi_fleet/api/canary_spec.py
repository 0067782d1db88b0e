"""Canary: a new revision has a part of the requests first."""

from typing import Annotated

from pydantic import ConfigDict, Field

from fastapi_fleet.api.model import ApiModel, cel, cel_rules

MOST_WEIGHT = 99
"""In percent."""


class CanaryStep(ApiModel):
    weight: int = Field(
        ge=1,
        le=MOST_WEIGHT,
        description="Percent of the requests that come to the new revision. Exact with spec.route, by the weights of "
        "its HTTPRoute; else by pods, as near as whole ones come, and at most 50.",
    )
    pause: int = Field(ge=0, le=604800, description="Seconds that these pods must be available before the next step.")


class Analysis(ApiModel):
    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "has(self.maxErrorRate) || has(self.maxP99Seconds)",
                "rollout.canary.analysis needs maxErrorRate or maxP99Seconds",
            )
        )
    )

    max_error_rate: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Largest part of the canary's requests that it may answer by 5xx, such as 0.01."
    )
    max_p99_seconds: Annotated[float, Field(ge=0, le=3600)] | None = Field(
        None, description="Most seconds within which it must have answered 99 of 100 requests."
    )


class Canary(ApiModel):
    steps: list[CanaryStep] = Field(
        min_length=1,
        max_length=20,
        description="One after the other; after the last one the new revision is rolled out.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    analysis: Analysis | None = Field(
        None,
        description="Bounds that the canary's answers must keep to, by the metrics of its own pods. Outside them it is "
        "aborted; while they cannot be told no step ends.",
    )
