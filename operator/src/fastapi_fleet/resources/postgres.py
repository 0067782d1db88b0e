"""Embedded PostgreSQL: the official image's contract, non-root, on a read-only root file system."""

from fastapi_fleet.api.platform_spec import PostgresPlatform
from fastapi_fleet.constants import POSTGRES_PORT
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, Owner
from fastapi_fleet.resources.secret import render_admin_secret
from fastapi_fleet.resources.stateful_set import EmbeddedBackend, render_backend_service, render_stateful_set

DATA_PATH = "/var/lib/postgresql/data"


def render_postgres(owner: Owner, spec: PostgresPlatform, admin_password: str) -> list[Manifest]:
    backend = embedded_postgres(names.postgres(owner.name), spec)
    return [
        render_admin_secret(owner, backend.name, admin_password),
        render_backend_service(owner, backend),
        render_stateful_set(owner, backend),
    ]


def embedded_postgres(name: str, spec: PostgresPlatform) -> EmbeddedBackend:
    admin = names.admin_secret(name)
    # While the official image initialises, its server listens on the socket alone: TCP means the real one.
    ready = {"exec": {"command": ["pg_isready", "--quiet", "--host=127.0.0.1"]}}
    return EmbeddedBackend(
        name=name,
        component="postgres",
        image=spec.image,
        storage=spec.storage,
        data_path=DATA_PATH,
        ports={"postgres": POSTGRES_PORT},
        env=[
            {"name": "POSTGRES_USER", "valueFrom": {"secretKeyRef": {"name": admin, "key": "username"}}},
            {"name": "POSTGRES_PASSWORD", "valueFrom": {"secretKeyRef": {"name": admin, "key": "password"}}},
            {"name": "POSTGRES_DB", "value": "postgres"},
            {"name": "PGDATA", "value": f"{DATA_PATH}/pgdata"},
        ],
        args=["-c", f"max_connections={spec.max_connections}"],
        scratch={"tmp": "/tmp", "run": "/var/run/postgresql"},  # noqa: S108 - the pod's own emptyDirs
        readiness=ready,
        liveness=ready,
        resources=spec.resources,
    )
