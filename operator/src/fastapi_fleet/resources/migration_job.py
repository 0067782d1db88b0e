"""Job that migrates a service's database: a pod like the service's own, with another command and another login."""

from fastapi_fleet.api.database_spec import Migrations
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import ANSWER_FILE
from fastapi_fleet.preflight.ask_alembic import REFUSED, tool_of
from fastapi_fleet.preflight.schema_answer import schema_script
from fastapi_fleet.resources import names
from fastapi_fleet.resources.config_map import with_coming_config
from fastapi_fleet.resources.manifest import Manifest, Owner, child, child_labels
from fastapi_fleet.resources.pod_failures import DISRUPTED, refused_by
from fastapi_fleet.resources.probes import PROBE_FIELDS

COMPONENT = "migration"
ATTEMPTS_AFTER_THE_FIRST = 2
"""A database that is away for a moment is no reason to give up; one that refuses the migration is."""

_OF_SERVING = frozenset({"ports", "lifecycle"}) | PROBE_FIELDS


def migration_job_name(service: str, spec: FastAPIServiceSpec) -> str | None:
    """None where the service has no migrations apart from its own pods."""
    if spec.database is None or spec.database.migrations is None:
        return None
    migrations = spec.database.migrations
    marks = ("Block",) if migrations.blocks_newer_schema else ()
    return names.migration_job(service, spec.image, migrations.command, marks)


def render_migration_job(owner: Owner, spec: FastAPIServiceSpec, template: Manifest) -> Manifest | None:
    """`template`: of the service's pods. A Job cannot be changed: one is made for each image and command.

    What the service needs before and beside it, such as a proxy to the database, its migrations need as well. Sidecars
    are init containers that go on running: the kubelet stops them when the command has ended, and the Job is complete.
    """
    name = migration_job_name(owner.name, spec)
    if name is None or spec.database is None or spec.database.migrations is None:
        return None
    manifest = child(owner, api_version="batch/v1", kind="Job", name=name, component=COMPONENT, app=owner.name)
    container = _container(owner, template["spec"]["containers"][0], spec.database.migrations)
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
            "podFailurePolicy": {"rules": [*_given_up_at_once(spec.database.migrations), DISRUPTED]},
            "template": {"metadata": {"labels": child_labels(owner, owner.name, COMPONENT)}, "spec": pod},
        },
    }


def _given_up_at_once(migrations: Migrations) -> list[Manifest]:
    """Exit codes of other commands mean what they will."""
    return [] if tool_of(migrations.command) is None else [refused_by(REFUSED)]


def _container(owner: Owner, serving: Manifest, migrations: Migrations) -> Manifest:
    login = {"secretKeyRef": {"name": names.migrations_secret(owner.name), "key": names.DATABASE_URL}}
    others = [variable for variable in serving["env"] if variable["name"] != names.DATABASE_URL]
    return {
        **{field: value for field, value in serving.items() if field not in _OF_SERVING},
        **_command(migrations),
        "env": [{"name": names.DATABASE_URL, "valueFrom": login}, *others],
    }


def _command(migrations: Migrations) -> dict[str, list[str]]:
    """That of the spec as it is or, where it is Alembic's, within the script that asks first."""
    tool = tool_of(migrations.command)
    if tool is None:
        return {"command": migrations.command, "args": []}
    words = [migrations.on_schema_ahead, ANSWER_FILE, *migrations.command]
    return {"command": [tool.python, "-c", schema_script()], "args": words}
