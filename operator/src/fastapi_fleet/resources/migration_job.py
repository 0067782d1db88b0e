"""Job that migrates a service's database: a pod like the service's own, with another command and another login."""

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources import names
from fastapi_fleet.resources.config_map import with_coming_config
from fastapi_fleet.resources.manifest import Manifest, Owner, child, child_labels
from fastapi_fleet.resources.probes import PROBE_FIELDS

COMPONENT = "migration"
ATTEMPTS_AFTER_THE_FIRST = 2
"""A database that is away for a moment is no reason to give up; one that refuses the migration is."""

_OF_SERVING = frozenset({"ports", "lifecycle"}) | PROBE_FIELDS


def migration_job_name(service: str, spec: FastAPIServiceSpec) -> str | None:
    """None where the service has no migrations apart from its own pods."""
    if spec.database is None or spec.database.migrations is None:
        return None
    return names.migration_job(service, spec.image, spec.database.migrations.command)


def render_migration_job(owner: Owner, spec: FastAPIServiceSpec, template: Manifest) -> Manifest | None:
    """`template`: of the service's pods. A Job cannot be changed: one is made for each image and command.

    What the service needs before and beside it, such as a proxy to the database, its migrations need as well. Sidecars
    are init containers that go on running: the kubelet stops them when the command has ended, and the Job is complete.
    """
    name = migration_job_name(owner.name, spec)
    if name is None or spec.database is None or spec.database.migrations is None:
        return None
    manifest = child(owner, api_version="batch/v1", kind="Job", name=name, component=COMPONENT, app=owner.name)
    container = _container(owner, template["spec"]["containers"][0], spec.database.migrations.command)
    if spec.rollout.canary is not None:
        container["envFrom"] = with_coming_config(owner, container)
    pod = {
        **template["spec"],
        "restartPolicy": "Never",
        "topologySpreadConstraints": [],
        "containers": [container],
    }
    return {
        **manifest,
        "spec": {
            "backoffLimit": ATTEMPTS_AFTER_THE_FIRST,
            "activeDeadlineSeconds": spec.database.migrations.timeout_seconds,
            "podReplacementPolicy": "Failed",
            "template": {"metadata": {"labels": child_labels(owner, owner.name, COMPONENT)}, "spec": pod},
        },
    }


def _container(owner: Owner, serving: Manifest, command: list[str]) -> Manifest:
    login = {"secretKeyRef": {"name": names.migrations_secret(owner.name), "key": names.DATABASE_URL}}
    others = [variable for variable in serving["env"] if variable["name"] != names.DATABASE_URL]
    return {
        **{field: value for field, value in serving.items() if field not in _OF_SERVING},
        "command": command,
        "args": [],
        "env": [{"name": names.DATABASE_URL, "valueFrom": login}, *others],
    }
