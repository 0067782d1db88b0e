"""StatefulSet of an embedded backend: one pod, one volume that outlives it."""

from dataclasses import dataclass, field

from fastapi_fleet.api.model import ResourceRequirements
from fastapi_fleet.resources.manifest import Manifest, Owner, child, child_labels, selector_labels
from fastapi_fleet.resources.security import BACKEND_UID, container_security_context, pod_security_context

DEFAULT_RESOURCES = ResourceRequirements(requests={"cpu": "100m", "memory": "256Mi"}, limits={"memory": "512Mi"})


@dataclass(frozen=True)
class EmbeddedBackend:
    """What tells one embedded backend from another.

    `ports`: number by name. `scratch`: paths that must be writable beside the volume at `data_path`.
    """

    name: str
    component: str
    image: str
    storage: str
    data_path: str
    ports: dict[str, int]
    env: list[Manifest]
    readiness: Manifest
    liveness: Manifest
    args: list[str] = field(default_factory=list)
    scratch: dict[str, str] = field(default_factory=dict)
    resources: ResourceRequirements | None = None


def render_stateful_set(owner: Owner, backend: EmbeddedBackend) -> Manifest:
    manifest = child(owner, api_version="apps/v1", kind="StatefulSet", name=backend.name, component=backend.component)
    return {
        **manifest,
        "spec": {
            "replicas": 1,
            "serviceName": backend.name,
            # The default policy waits for a pod that never gets ready instead of replacing it by a corrected one.
            "podManagementPolicy": "Parallel",
            "selector": {"matchLabels": selector_labels(backend.name, backend.component)},
            "template": _pod_template(owner, backend),
            "volumeClaimTemplates": [_volume_claim(backend)],
        },
    }


def render_backend_service(owner: Owner, backend: EmbeddedBackend) -> Manifest:
    manifest = child(owner, api_version="v1", kind="Service", name=backend.name, component=backend.component)
    ports = [
        {"name": name, "port": port, "targetPort": name, "protocol": "TCP"} for name, port in backend.ports.items()
    ]
    selector = selector_labels(backend.name, backend.component)
    return {**manifest, "spec": {"type": "ClusterIP", "selector": selector, "ports": ports}}


def _pod_template(owner: Owner, backend: EmbeddedBackend) -> Manifest:
    return {
        "metadata": {"labels": child_labels(owner, backend.name, backend.component)},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 60,
            "securityContext": pod_security_context(BACKEND_UID),
            "containers": [_container(backend)],
            "volumes": [{"name": name, "emptyDir": {}} for name in backend.scratch],
        },
    }


def _container(backend: EmbeddedBackend) -> Manifest:
    mounts = {"data": backend.data_path, **backend.scratch}
    return {
        "name": backend.component,
        "image": backend.image,
        **({"args": backend.args} if backend.args else {}),
        "env": backend.env,
        "ports": [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in backend.ports.items()],
        "startupProbe": {**backend.readiness, "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 180},
        "readinessProbe": {**backend.readiness, "periodSeconds": 10, "timeoutSeconds": 5},
        "livenessProbe": {**backend.liveness, "periodSeconds": 30, "timeoutSeconds": 5},
        "resources": (backend.resources or DEFAULT_RESOURCES).model_dump(exclude_none=True),
        "securityContext": container_security_context(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": name, "mountPath": path} for name, path in mounts.items()],
    }


def _volume_claim(backend: EmbeddedBackend) -> Manifest:
    return {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": backend.storage}}},
    }
