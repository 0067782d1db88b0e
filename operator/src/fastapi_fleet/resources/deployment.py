"""Deployment: hardened pods with probes and one budget for stopping."""

from typing import Any

from fastapi_fleet.api.model import ResourceRequirements
from fastapi_fleet.api.resource_status import HISTORY_LIMIT
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import (
    ANNOTATION_CONFIG_HASH,
    ANNOTATION_REPLICAS,
    ANNOTATION_REVISION,
    ANNOTATION_STILL_CALLED,
)
from fastapi_fleet.resources import names
from fastapi_fleet.resources.certificate_authority import render_authority_mounts, render_authority_volumes
from fastapi_fleet.resources.environment import render_env, render_env_from
from fastapi_fleet.resources.manifest import (
    Manifest,
    Owner,
    annotation_of,
    child,
    child_labels,
    content_hash,
    selector_labels,
)
from fastapi_fleet.resources.pod_additions import (
    render_init_containers,
    render_scheduling,
    render_volume_mounts,
    render_volumes,
)
from fastapi_fleet.resources.preflight_job import preflight_annotation
from fastapi_fleet.resources.probes import render_probes
from fastapi_fleet.resources.release import release_annotation
from fastapi_fleet.resources.revision_spec import snapshot_annotation
from fastapi_fleet.resources.security import SERVICE_UID, container_security_context, pod_security_context
from fastapi_fleet.resources.service_inputs import ServiceInputs

AUTOSCALED = "autoscaled"
MAX_SURGE = 1
"""Pods beyond the wanted number, while a rollout replaces those of the revision before."""

DEFAULT_RESOURCES = ResourceRequirements(requests={"cpu": "100m", "memory": "256Mi"}, limits={"memory": "256Mi"})
"""Memory is not compressible, so its limit is its request; a CPU limit would only slow imports down."""


def render_deployment(owner: Owner, spec: FastAPIServiceSpec, inputs: ServiceInputs) -> Manifest:
    manifest = child(owner, api_version="apps/v1", kind="Deployment", name=owner.name, component="service")
    template = stamp_revision(render_pod_template(owner, spec, inputs))
    manifest["metadata"]["annotations"] = {
        ANNOTATION_REVISION: template_revision(template),
        **snapshot_annotation(spec),
        **preflight_annotation(spec, template),
        **release_annotation(spec, template, inputs),
        **({ANNOTATION_REPLICAS: AUTOSCALED} if spec.autoscaling else {}),
        **({ANNOTATION_STILL_CALLED: ",".join(inputs.still_called)} if inputs.still_called else {}),
    }
    return {
        **manifest,
        "spec": {
            **({} if spec.autoscaling else {"replicas": spec.replicas}),
            "selector": {"matchLabels": selector_labels(owner.name, "service")},
            **render_rollout(spec),
            "template": template,
        },
    }


def render_rollout(spec: FastAPIServiceSpec) -> Manifest:
    """How a Deployment goes from one revision to the next: no pod of the old one before one of the new is ready."""
    return {
        "revisionHistoryLimit": HISTORY_LIMIT,
        "progressDeadlineSeconds": spec.rollout.deadline_seconds(spec.probes.startup_seconds),
        "minReadySeconds": spec.rollout.min_ready_seconds,
        "paused": False,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": MAX_SURGE}},
    }


def render_pod_template(
    owner: Owner, spec: FastAPIServiceSpec, inputs: ServiceInputs, component: str = "service"
) -> Manifest:
    return {
        "metadata": {
            "labels": {**spec.pod.labels, **child_labels(owner, owner.name, component)},
            "annotations": {**spec.pod.annotations, ANNOTATION_CONFIG_HASH: config_hash(spec, inputs)},
        },
        "spec": {
            "serviceAccountName": spec.service_account.name or owner.name,
            "automountServiceAccountToken": spec.service_account.mount_token,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": spec.shutdown.grace_period_seconds,
            "securityContext": pod_security_context(SERVICE_UID),
            "hostNetwork": False,
            "hostPID": False,
            "hostIPC": False,
            "initContainers": render_init_containers(spec.pod),
            "imagePullSecrets": [{"name": secret.name} for secret in spec.image_pull_secrets],
            "topologySpreadConstraints": _topology_spread(owner, component) if spec.topology_spread.enabled else [],
            "containers": [render_container(owner, spec, inputs)],
            "volumes": [
                {"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}},
                *render_authority_volumes(spec.platform, inputs.authorities),
                *render_volumes(spec.pod),
            ],
            **render_scheduling(spec.pod),
        },
    }


def render_container(owner: Owner, spec: FastAPIServiceSpec, inputs: ServiceInputs) -> Manifest:
    """Lists are rendered also where they are empty: what somebody adds to one is found by it."""
    resources = spec.resources or DEFAULT_RESOURCES
    optional: dict[str, Any] = {"imagePullPolicy": spec.image_pull_policy, "lifecycle": _lifecycle(spec)}
    return {
        "name": names.APP_CONTAINER,
        "image": spec.image,
        **_command(spec),
        "ports": [
            {"name": name, "containerPort": port, "protocol": "TCP"}
            for name, port in (("http", spec.port), *((extra.name, extra.port) for extra in spec.extra_ports))
        ],
        **render_probes(spec.probes),
        "env": render_env(owner.name, owner.namespace, spec, inputs),
        "envFrom": render_env_from(owner.name, spec),
        "resources": {"requests": resources.requests or {}, "limits": resources.limits or {}},
        "securityContext": container_security_context(),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - the pod's own emptyDir
            *render_authority_mounts(inputs.authorities),
            *render_volume_mounts(spec.pod),
        ],
        **{field: value for field, value in optional.items() if value},
    }


def uvicorn_command(spec: FastAPIServiceSpec) -> list[str]:
    """The operator owns the command, so that uvicorn's graceful timeout fits the pod's grace period."""
    return [
        *("python", "-m", "uvicorn", spec.app),
        *("--host", "0.0.0.0"),  # noqa: S104 - reachable within the pod network is the point
        *("--port", str(spec.port)),
        *("--workers", str(spec.workers)),
        *("--timeout-graceful-shutdown", str(spec.shutdown.graceful_timeout_seconds)),
        "--no-server-header",
    ]


def config_hash(spec: FastAPIServiceSpec, inputs: ServiceInputs) -> str:
    """Hash of what the pods read at start besides their template."""
    return content_hash(
        {
            "config": spec.config,
            "credentials": dict(inputs.credentials),
            "referenced": dict(inputs.referenced),
        }
    )


def template_revision(template: Manifest) -> str:
    revision: str = template["metadata"]["annotations"][ANNOTATION_REVISION]
    return revision


def stamp_revision(template: Manifest) -> Manifest:
    annotations = {**template["metadata"]["annotations"], ANNOTATION_REVISION: content_hash(template)}
    return {**template, "metadata": {**template["metadata"], "annotations": annotations}}


def _command(spec: FastAPIServiceSpec) -> Manifest:
    if spec.command is None:
        return {"command": [*uvicorn_command(spec), *(spec.args or [])], "args": []}
    return {"command": spec.command, "args": spec.args or []}


def is_handed_over(live: Manifest, wanted: Manifest) -> bool:
    """Whether the replicas of the live Deployment are not the operator's to send: it can leave them out."""
    if "replicas" in wanted["spec"]:
        return True
    return annotation_of(live, ANNOTATION_REPLICAS) == AUTOSCALED


def _topology_spread(owner: Owner, component: str) -> list[Manifest]:
    """By revision: the pods of the one before are about to go, and must not tell where the new ones lie."""
    return [
        {
            "maxSkew": 1,
            "topologyKey": topology_key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selector_labels(owner.name, component)},
            "matchLabelKeys": ["pod-template-hash"],
        }
        for topology_key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]


def _lifecycle(spec: FastAPIServiceSpec) -> Manifest | None:
    """The pod goes on serving while endpoints and proxies forget it; the native sleep needs no shell in the image."""
    if spec.shutdown.drain_seconds == 0:
        return None
    return {"preStop": {"sleep": {"seconds": spec.shutdown.drain_seconds}}}
