"""What a spec puts into pods beside the service: hardened like it, and never in place of what is the operator's."""

from pydantic import BaseModel

from fastapi_fleet.api.pod_spec import Pod, PodContainer
from fastapi_fleet.resources.environment import render_variables
from fastapi_fleet.resources.manifest import Manifest
from fastapi_fleet.resources.security import container_security_context


def render_init_containers(pod: Pod) -> list[Manifest]:
    """Sidecars last, as init containers that go on running: the kubelet stops those after the service, in reverse."""
    return [
        *(_container(container) for container in pod.init_containers),
        *({**_container(container), "restartPolicy": "Always"} for container in pod.sidecars),
    ]


def render_volumes(pod: Pod) -> list[Manifest]:
    return [_plain(volume) for volume in pod.volumes]


def render_volume_mounts(pod: Pod | PodContainer) -> list[Manifest]:
    return [_plain(mount) for mount in pod.volume_mounts]


def render_scheduling(pod: Pod) -> Manifest:
    """Fields of the pod spec that are there only where the spec says something."""
    fields = {
        "nodeSelector": pod.node_selector,
        "tolerations": [_plain(toleration) for toleration in pod.tolerations],
        "affinity": _plain(pod.affinity) if pod.affinity is not None else None,
        "priorityClassName": pod.priority_class_name,
    }
    return {field: value for field, value in fields.items() if value}


def _container(container: PodContainer) -> Manifest:
    resources = container.resources
    optional = {
        "imagePullPolicy": container.image_pull_policy,
        "command": container.command,
        "args": container.args,
    }
    return {
        "name": container.name,
        "image": container.image,
        **{field: value for field, value in optional.items() if value},
        "env": render_variables(container.env),
        "resources": {
            "requests": (resources.requests if resources else None) or {},
            "limits": (resources.limits if resources else None) or {},
        },
        "securityContext": container_security_context(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": render_volume_mounts(container),
    }


def _plain(model: BaseModel) -> Manifest:
    rendered: Manifest = model.model_dump(by_alias=True, exclude_none=True)
    return rendered
