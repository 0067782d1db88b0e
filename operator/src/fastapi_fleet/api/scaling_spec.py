"""How many pods, where they lie, and how many may be away at once."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from fastapi_fleet.api.model import ApiModel, cel, cel_rules

Replicas = Annotated[int, Field(ge=1, le=1000)]
Percentage = Annotated[int, Field(ge=1, le=1000)]

DEFAULT_CPU_PERCENTAGE = 80


class ScalingPolicy(ApiModel):
    type: Literal["Pods", "Percent"] = Field(description="What value counts: pods, or per cent of those that run.")
    value: Replicas = Field(description="Most that may be added or removed in one period.")
    period_seconds: Annotated[int, Field(ge=1, le=1800)] = Field(description="Length of the period in seconds.")


class ScalingRules(ApiModel):
    stabilization_window_seconds: Annotated[int, Field(ge=0, le=3600)] | None = Field(
        None, description="Seconds over which the most careful recommendation counts."
    )
    select_policy: Literal["Max", "Min", "Disabled"] | None = Field(
        None, description="Which of several policies counts. Disabled: no change in this direction."
    )
    policies: list[ScalingPolicy] | None = Field(
        None, max_length=8, description="Limits to the change.", json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )


class ScalingBehavior(ApiModel):
    scale_up: ScalingRules | None = Field(None, description="How fast pods are added.")
    scale_down: ScalingRules | None = Field(None, description="How fast pods are removed.")


class Autoscaling(ApiModel):
    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "self.minReplicas <= self.maxReplicas",
                "autoscaling.minReplicas must not be above autoscaling.maxReplicas",
                field_path=".minReplicas",
            )
        ),
    )

    min_replicas: Replicas = Field(1, description="Fewest pods.")
    max_replicas: Replicas = Field(description="Most pods.")
    target_cpu: Percentage | None = Field(
        None,
        alias="targetCPUUtilizationPercentage",
        description=f"Wanted use of the requested CPU. {DEFAULT_CPU_PERCENTAGE} where neither target is set.",
    )
    target_memory: Percentage | None = Field(
        None, alias="targetMemoryUtilizationPercentage", description="Wanted use of the requested memory."
    )
    behavior: ScalingBehavior | None = Field(None, description="Kubernetes' own behaviour when left out.")

    @property
    def targets(self) -> dict[str, int]:
        """Wanted utilization in per cent of the request, by compute resource."""
        if self.target_cpu is None and self.target_memory is None:
            return {"cpu": DEFAULT_CPU_PERCENTAGE}
        wanted = {"cpu": self.target_cpu, "memory": self.target_memory}
        return {name: percentage for name, percentage in wanted.items() if percentage is not None}


class PodDisruptionBudget(ApiModel):
    enabled: bool = Field(
        default=True, description="Whether drains take one pod at a time. A service of one pod never has a budget."
    )


class TopologySpread(ApiModel):
    enabled: bool = Field(
        default=True, description="Whether pods are spread over zones and nodes as well as the scheduler can."
    )


class ImagePullSecret(ApiModel):
    name: Annotated[str, Field(min_length=1, max_length=253)] = Field(description="Secret in the same namespace.")


def _needs_request(resource: str, is_looked_at: str) -> dict[str, str]:
    request = f"has(self.resources.requests) && '{resource}' in self.resources.requests"
    return cel(
        f"!has(self.autoscaling) || !has(self.resources) || !({is_looked_at}) || ({request})",
        f"autoscaling looks at the use of {resource}: set resources.requests.{resource}",
        field_path=".resources",
    )


_CPU_TARGET = "has(self.autoscaling.targetCPUUtilizationPercentage)"
_MEMORY_TARGET = "has(self.autoscaling.targetMemoryUtilizationPercentage)"

REQUEST_RULES = (
    _needs_request("cpu", f"{_CPU_TARGET} || !{_MEMORY_TARGET}"),
    _needs_request("memory", _MEMORY_TARGET),
)
"""Utilization is a share of the request: without one there is nothing to scale by."""
