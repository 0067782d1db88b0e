"""PodDisruptionBudget: a drain takes one pod at a time."""

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources.manifest import Manifest, Owner, child, selector_labels


def wants_budget(spec: FastAPIServiceSpec) -> bool:
    """Not for a service of one pod: a budget would block every drain, or permit what it is there to prevent."""
    fewest = spec.autoscaling.min_replicas if spec.autoscaling else spec.replicas
    return fewest > 1 and spec.pod_disruption_budget.enabled


def render_pod_disruption_budget(owner: Owner, spec: FastAPIServiceSpec) -> Manifest | None:
    if not wants_budget(spec):
        return None
    manifest = child(owner, api_version="policy/v1", kind="PodDisruptionBudget", name=owner.name, component="service")
    return {
        **manifest,
        "spec": {
            "maxUnavailable": 1,
            # A pod that serves nobody must not keep its node from being drained.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": selector_labels(owner.name, "service")},
        },
    }
