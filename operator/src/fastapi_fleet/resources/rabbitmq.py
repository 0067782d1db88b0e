"""Embedded RabbitMQ: the official image's contract, non-root, on a read-only root file system."""

from fastapi_fleet.api.platform_spec import RabbitmqPlatform
from fastapi_fleet.constants import AMQP_PORT, RABBITMQ_MANAGEMENT_PORT
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, Owner
from fastapi_fleet.resources.secret import render_admin_secret
from fastapi_fleet.resources.stateful_set import EmbeddedBackend, render_backend_service, render_stateful_set


def render_rabbitmq(owner: Owner, spec: RabbitmqPlatform, admin_password: str) -> list[Manifest]:
    backend = embedded_rabbitmq(names.rabbitmq(owner.name), spec)
    return [
        render_admin_secret(owner, backend.name, admin_password),
        render_backend_service(owner, backend),
        render_stateful_set(owner, backend),
    ]


def embedded_rabbitmq(name: str, spec: RabbitmqPlatform) -> EmbeddedBackend:
    admin = names.admin_secret(name)
    return EmbeddedBackend(
        name=name,
        component="rabbitmq",
        image=spec.image,
        storage=spec.storage,
        data_path="/var/lib/rabbitmq",
        ports={"amqp": AMQP_PORT, "management": RABBITMQ_MANAGEMENT_PORT},
        env=[
            {"name": "RABBITMQ_DEFAULT_USER", "valueFrom": {"secretKeyRef": {"name": admin, "key": "username"}}},
            {"name": "RABBITMQ_DEFAULT_PASS", "valueFrom": {"secretKeyRef": {"name": admin, "key": "password"}}},
            {"name": "RABBITMQ_LOGS", "value": "-"},
        ],
        scratch={"tmp": "/tmp"},  # noqa: S108 - the pod's own emptyDir
        # The management plugin starts last; rabbitmq-diagnostics would start an Erlang machine for each probe.
        readiness={"tcpSocket": {"port": "management"}},
        liveness={"tcpSocket": {"port": "amqp"}},
        resources=spec.resources,
    )
