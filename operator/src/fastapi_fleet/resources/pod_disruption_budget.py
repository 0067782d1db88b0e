"""PodDisruptionBudget: a drain takes one pod at a time."""

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, Owner, child, selector_labels


def wants_worker_budget(spec: FastAPIServiceSpec) -> bool:
    return spec.worker is not None and spec.worker.replicas > 1 and spec.pod_disruption_budget.enabled


def wants_budget(spec: FastAPIServiceSpec) -> bool:
    """Not for a service of one pod: a budget would block every drain, or permit what it is there to prevent."""
    fewest = spec.autoscaling.min_replicas if spec.autoscaling else spec.replicas
    return fewest > 1 and spec.pod_disruption_budget.enabled


def render_pod_disruption_budget(owner: Owner, spec: FastAPIServiceSpec) -> Manifest | None:
    if not wants_budget(spec):
        return None
    return _budget(owner, owner.name, "service")


def render_worker_disruption_budget(owner: Owner, spec: FastAPIServiceSpec) -> Manifest | None:
    return _budget(owner, names.worker(owner.name), "worker") if wants_worker_budget(spec) else None


def _budget(owner: Owner, name: str, component: str) -> Manifest:
    manifest = child(
        owner, api_version="policy/v1", kind="PodDisruptionBudget", name=name, component=component, app=owner.name
    )
    return {
        **manifest,
        "spec": {
            "maxUnavailable": 1,
            # A pod that serves nobody must not keep its node from being drained.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": selector_labels(owner.name, component)},
        },
    }
