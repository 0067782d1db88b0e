"""HorizontalPodAutoscaler: as many pods as the load asks for."""

from fastapi_fleet.api.scaling_spec import Autoscaling
from fastapi_fleet.resources.manifest import Manifest, Owner, child


def render_horizontal_pod_autoscaler(owner: Owner, autoscaling: Autoscaling | None) -> Manifest | None:
    if autoscaling is None:
        return None
    manifest = child(
        owner, api_version="autoscaling/v2", kind="HorizontalPodAutoscaler", name=owner.name, component="service"
    )
    behavior = autoscaling.behavior
    return {
        **manifest,
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": owner.name},
            "minReplicas": autoscaling.min_replicas,
            "maxReplicas": autoscaling.max_replicas,
            "metrics": [_metric(resource, target) for resource, target in autoscaling.targets.items()],
            **({"behavior": behavior.model_dump(by_alias=True, exclude_none=True)} if behavior else {}),
        },
    }


def _metric(resource: str, percentage: int) -> Manifest:
    target = {"type": "Utilization", "averageUtilization": percentage}
    return {"type": "Resource", "resource": {"name": resource, "target": target}}
