"""Job that asks a new image for settings and OpenAPI document: a pod like the service's own, with another command."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi_fleet.api.preflight_spec import Preflight
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import ANNOTATION_CONFIG_HASH, ANNOTATION_PREFLIGHT, ANSWER_FILE
from fastapi_fleet.preflight.answer import script
from fastapi_fleet.preflight.check_image import REFUSED
from fastapi_fleet.resources import names
from fastapi_fleet.resources.config_map import with_coming_config
from fastapi_fleet.resources.manifest import Manifest, Owner, annotation_of, child, child_labels, content_hash
from fastapi_fleet.resources.pod_failures import DISRUPTED, refused_by
from fastapi_fleet.resources.probes import PROBE_FIELDS

COMPONENT: Final = "preflight"
TOKEN_FOLDER: Final = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - where the kubelet puts it
ATTEMPTS_AFTER_THE_FIRST = 2
"""A process that was killed may have been unlucky; settings that are refused are not asked again."""

_OF_SERVING = frozenset({"ports", "lifecycle", "command", "args"}) | PROBE_FIELDS
_OF_THE_PROCESS = ("image", "env", "envFrom", "volumeMounts")


def preflight_annotation(spec: FastAPIServiceSpec, template: Manifest) -> dict[str, str]:
    """On a Deployment whose image and configuration have been checked."""
    return {} if spec.preflight is None else {ANNOTATION_PREFLIGHT: checked_hash(spec, spec.preflight, template)}


def checked_before(deployment: Mapping[str, Any]) -> str | None:
    """Hash of what was checked before the Deployment was written. None where nothing was."""
    return annotation_of(deployment, ANNOTATION_PREFLIGHT)


def asked_app(spec: FastAPIServiceSpec) -> str | None:
    """The application that is asked for its OpenAPI document. None where none is asked for."""
    preflight = spec.preflight
    return None if preflight is None or preflight.contract.policy == "Off" else preflight.app or spec.app


def checked_hash(spec: FastAPIServiceSpec, preflight: Preflight, template: Manifest) -> str:
    """Changes when the image does, or what its settings may read. `template`: of the service's pods."""
    app = asked_app(spec)
    container = template["spec"]["containers"][0]
    return content_hash(
        {
            "settings": preflight.settings,
            **({"app": app} if app is not None else {}),
            "config": template["metadata"]["annotations"][ANNOTATION_CONFIG_HASH],
            "volumes": template["spec"]["volumes"],
            **{field: container[field] for field in _OF_THE_PROCESS},
        }
    )


def render_preflight_job(owner: Owner, spec: FastAPIServiceSpec, template: Manifest) -> Manifest | None:
    """`template`: of the service's pods. Sidecars and init containers are left out: they may act on the world."""
    if spec.preflight is None:
        return None
    name = names.preflight_job(owner.name, checked_hash(spec, spec.preflight, template))
    manifest = child(owner, api_version="batch/v1", kind="Job", name=name, component=COMPONENT, app=owner.name)
    pod = {
        **template["spec"],
        "restartPolicy": "Never",
        "initContainers": [],
        "topologySpreadConstraints": [],
        "containers": [_container(owner, spec, spec.preflight, template["spec"]["containers"][0])],
    }
    return {
        **manifest,
        "spec": {
            "backoffLimit": ATTEMPTS_AFTER_THE_FIRST,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {"rules": [refused_by(REFUSED), DISRUPTED]},
            "template": {"metadata": {"labels": child_labels(owner, owner.name, COMPONENT)}, "spec": pod},
        },
    }


def _container(owner: Owner, spec: FastAPIServiceSpec, preflight: Preflight, serving: Manifest) -> Manifest:
    return {
        **{field: value for field, value in serving.items() if field not in _OF_SERVING},
        "command": ["python", "-c", script()],
        "args": [
            *(preflight.settings, ANSWER_FILE, ",".join(sorted(_readable_variables(spec))), asked_app(spec) or ""),
            *_mounted_secrets(spec),
        ],
        "envFrom": with_coming_config(owner, serving),
        "terminationMessagePath": ANSWER_FILE,
        "terminationMessagePolicy": "File",
    }


def _readable_variables(spec: FastAPIServiceSpec) -> set[str]:
    """Those whose values stand in the pod template or in a ConfigMap: they may show in a message."""
    literal = {variable.name for variable in spec.env if variable.value is not None}
    return literal | set(spec.config) | {service.env for service in spec.services}


def _mounted_secrets(spec: FastAPIServiceSpec) -> list[str]:
    """Files of which no text may show."""
    secrets = {volume.name for volume in spec.pod.volumes if volume.secret is not None}
    mounted = [mount.mount_path for mount in spec.pod.volume_mounts if mount.name in secrets]
    return [*mounted, TOKEN_FOLDER] if spec.service_account.mount_token else mounted
