"""Live objects as the cluster reports them."""

from typing import Any

from fastapi_fleet.constants import ANNOTATION_REVISION
from fastapi_fleet.kube.kinds import Object

REVISION = "wanted"


def deployment(
    *,
    replicas: int = 1,
    updated: int = 1,
    available: int = 1,
    ready: int = 1,
    revision: str = REVISION,
    generation: int = 2,
    observed: int = 2,
    conditions: tuple[dict[str, Any], ...] = (),
) -> Object:
    """A Deployment whose rollout is complete unless told otherwise."""
    return {
        "kind": "Deployment",
        "metadata": {"name": "shop", "generation": generation, "annotations": {ANNOTATION_REVISION: revision}},
        "spec": {
            "replicas": replicas,
            "template": {"spec": {"containers": [{"name": "app", "image": "registry.example/shop:1"}]}},
        },
        "status": {
            "observedGeneration": observed,
            "replicas": replicas,
            "updatedReplicas": updated,
            "availableReplicas": available,
            "readyReplicas": ready,
            "conditions": list(conditions),
        },
    }


def pod(*containers: dict[str, Any], revision: str = REVISION, name: str = "shop-1", **status: Any) -> Object:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "annotations": {ANNOTATION_REVISION: revision}},
        "status": {"containerStatuses": list(containers), **status},
    }


def running(*, ready: bool = False, restarts: int = 0, last: dict[str, Any] | None = None) -> dict[str, Any]:
    last_state = {"lastState": {"terminated": last}} if last else {}
    return {"name": "app", "ready": ready, "restartCount": restarts, "state": {"running": {}}, **last_state}


def waiting(reason: str, message: str | None = None, last: dict[str, Any] | None = None) -> dict[str, Any]:
    said = {"reason": reason, **({"message": message} if message else {})}
    last_state = {"lastState": {"terminated": last}} if last else {}
    return {"name": "app", "ready": False, "restartCount": 3, "state": {"waiting": said}, **last_state}


def terminated(exit_code: int, message: str = "", *, ready: bool = False) -> dict[str, Any]:
    ended = {"exitCode": exit_code, "message": message}
    return {"name": "app", "ready": ready, "restartCount": 0, "state": {"terminated": ended}}
