"""Worker of a service: a Deployment of the same image that carries events, without a Service."""

from fastapi_fleet.api.env_spec import EnvVar
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.api.worker_spec import Worker
from fastapi_fleet.constants import ANNOTATION_REVISION
from fastapi_fleet.resources import names
from fastapi_fleet.resources.deployment import render_pod_template, render_rollout, stamp_revision, template_revision
from fastapi_fleet.resources.manifest import Manifest, Owner, child, selector_labels
from fastapi_fleet.resources.probes import PROBE_FIELDS
from fastapi_fleet.resources.service_inputs import ServiceInputs

COMPONENT = "worker"


def render_worker(owner: Owner, spec: FastAPIServiceSpec, inputs: ServiceInputs) -> Manifest | None:
    if spec.worker is None:
        return None
    manifest = child(
        owner,
        api_version="apps/v1",
        kind="Deployment",
        name=names.worker(owner.name),
        component=COMPONENT,
        app=owner.name,
    )
    own = worker_spec(spec, spec.worker)
    template = render_pod_template(owner, own, inputs, COMPONENT)
    template = stamp_revision(template if _is_probed(spec.worker) else _without_probes(template))
    manifest["metadata"]["annotations"] = {ANNOTATION_REVISION: template_revision(template)}
    return {
        **manifest,
        "spec": {
            "replicas": spec.worker.replicas,
            "selector": {"matchLabels": selector_labels(owner.name, COMPONENT)},
            **render_rollout(own),
            "template": template,
        },
    }


def _is_probed(worker: Worker) -> bool:
    """A command of its own need not answer HTTP: where nothing is said, it is alive as long as it runs."""
    return worker.command is None or worker.probes is not None


def _without_probes(template: Manifest) -> Manifest:
    containers = [
        {field: value for field, value in container.items() if field not in PROBE_FIELDS}
        for container in template["spec"]["containers"]
    ]
    return {**template, "spec": {**template["spec"], "containers": containers}}


def worker_spec(spec: FastAPIServiceSpec, worker: Worker) -> FastAPIServiceSpec:
    """The service as the worker's pods see it: one process, and no drain, for no requests are routed to them."""
    process = EnvVar(name=names.PROCESS, value=COMPONENT)
    has_command = worker.command is not None
    return spec.model_copy(
        update={
            "worker": None,
            "command": worker.command if has_command else spec.command,
            "args": worker.args if has_command or worker.args is not None else spec.args,
            "workers": 1,
            "extra_ports": [],
            "env": [process, *(variable for variable in spec.env if variable.name != names.PROCESS)],
            "secrets": [secret for secret in spec.secrets if secret.env != names.PROCESS],
            "services": [service for service in spec.services if service.env != names.PROCESS],
            "resources": worker.resources or spec.resources,
            "probes": worker.probes or spec.probes,
            "shutdown": spec.shutdown.model_copy(update={"drain_seconds": 0}),
        }
    )
