"""On which nodes pods may lie: tolerations and affinity, as Kubernetes has them."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from fastapi_fleet.api.model import ApiModel
from fastapi_fleet.api.network_spec import LabelKey, LabelValue

ATOMIC: dict[str, Any] = {"x-kubernetes-list-type": "atomic"}
_Weight = Annotated[int, Field(ge=1, le=100)]
_Value = Annotated[str, StringConstraints(max_length=63)]


class Toleration(ApiModel):
    key: LabelKey | None = Field(None, description="Key of the taint. Every taint when left out, with operator Exists.")
    operator: Literal["Equal", "Exists"] | None = Field(None, description="Equal when left out.")
    value: LabelValue | None = Field(None, description="Value of the taint, with operator Equal.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        None, description="Effect of the taint. Every effect when left out."
    )
    toleration_seconds: Annotated[int, Field(ge=0, le=86400)] | None = Field(
        None, description="Seconds that a pod stays after a NoExecute taint. For ever when left out."
    )


class NodeRequirement(ApiModel):
    key: LabelKey = Field(description="Label of the node.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"] = Field(description="How it is compared.")
    values: list[_Value] | None = Field(
        None, max_length=32, description="With what it is compared.", json_schema_extra=ATOMIC
    )


class NodeTerm(ApiModel):
    match_expressions: list[NodeRequirement] = Field(
        min_length=1, max_length=16, description="All of which must hold.", json_schema_extra=ATOMIC
    )


class PreferredNodes(ApiModel):
    weight: _Weight = Field(description="How much it counts.")
    preference: NodeTerm = Field(description="Nodes that are better than others.")


class RequiredNodes(ApiModel):
    node_selector_terms: list[NodeTerm] = Field(
        min_length=1, max_length=8, description="One of which must hold.", json_schema_extra=ATOMIC
    )


class NodeAffinity(ApiModel):
    required: RequiredNodes | None = Field(
        None, alias="requiredDuringSchedulingIgnoredDuringExecution", description="Nodes that alone will do."
    )
    preferred: list[PreferredNodes] | None = Field(
        None,
        alias="preferredDuringSchedulingIgnoredDuringExecution",
        max_length=8,
        description="Nodes that are better than others.",
        json_schema_extra=ATOMIC,
    )


class PodSelector(ApiModel):
    match_labels: dict[LabelKey, LabelValue] = Field(
        max_length=16, description="Labels that the other pods have. Every pod when empty."
    )


class PodTerm(ApiModel):
    label_selector: PodSelector = Field(description="The other pods, of the same namespace.")
    topology_key: LabelKey = Field(description="Label of the nodes that count as one place.")


class WeightedPodTerm(ApiModel):
    weight: _Weight = Field(description="How much it counts.")
    pod_affinity_term: PodTerm = Field(description="The other pods.")


class PodAffinity(ApiModel):
    required: list[PodTerm] | None = Field(
        None,
        alias="requiredDuringSchedulingIgnoredDuringExecution",
        max_length=8,
        description="Must hold.",
        json_schema_extra=ATOMIC,
    )
    preferred: list[WeightedPodTerm] | None = Field(
        None,
        alias="preferredDuringSchedulingIgnoredDuringExecution",
        max_length=8,
        description="Holds where it can.",
        json_schema_extra=ATOMIC,
    )


class Affinity(ApiModel):
    node_affinity: NodeAffinity | None = Field(None, description="Which nodes.")
    pod_affinity: PodAffinity | None = Field(None, description="Near which pods.")
    pod_anti_affinity: PodAffinity | None = Field(None, description="Away from which pods.")
