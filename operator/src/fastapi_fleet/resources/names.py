"""Every name that the operator gives, in one place."""

import hashlib
from collections.abc import Sequence

from fastapi_fleet.constants import BackingPart

POSTGRES_IDENTIFIER_LIMIT = 63
"""Longest identifier of PostgreSQL in bytes (NAMEDATALEN - 1)."""

_LABEL_LIMIT = 63

OWN_SERVER_LIMIT = 52 - len("-postgres")
"""Longest name of a service with a PostgreSQL of its own: the pods of a StatefulSet carry its name and a hash of eleven
characters as a label."""

DATABASE_URL = "DATABASE_URL"
RABBITMQ_URL = "RABBITMQ_URL"
URLS: dict[BackingPart, str] = {"database": DATABASE_URL, "broker": RABBITMQ_URL}
"""Variable in which a service gets the login of a backing service."""

SERVICE_NAME = "SERVICE_NAME"
"""Tells a service with a broker what its queues must begin with: its rights end there."""

PROCESS = "PROCESS"
"""Tells a process of fleetkit whether it answers requests, carries events, or does both."""

APP_CONTAINER = "app"


def config_map(service: str) -> str:
    return f"{service}-config"


def secret(service: str) -> str:
    return f"{service}-secrets"


def closed_service(service: str) -> str:
    return f"{service}-closed"


def backend(platform: str, component: str) -> str:
    return f"{platform}-{component}"


def worker(service: str) -> str:
    return f"{service}-worker"


def migrations_secret(service: str) -> str:
    return f"{service}-migrations"


def migration_job(service: str, image: str, command: Sequence[str], marks: Sequence[str] = ()) -> str:
    """Another image or another command is another Job.

    `marks`: how else it differs from one that runs the command as a matter of course.
    """
    digest = hashlib.sha256("\0".join((service, image, *command, *marks)).encode()).hexdigest()
    return _job(service, "migrate", digest)


def preflight_job(service: str, checked: str) -> str:
    """Another image or another configuration is another Job. `checked`: hash of both."""
    return _job(service, "preflight", checked)


def canary(service: str) -> str:
    return f"{service}-canary"


def coming_config_map(service: str) -> str:
    """The configuration that is being checked or tried, beside the one that pods read."""
    return f"{service}-config-next"


def contract(service: str, checked: str) -> str:
    """ConfigMap with the OpenAPI document of what was checked."""
    return f"{service}-openapi-{checked}"


def postgres(platform: str) -> str:
    return backend(platform, "postgres")


def rabbitmq(platform: str) -> str:
    return backend(platform, "rabbitmq")


def admin_secret(backend: str) -> str:
    return f"{backend}-admin"


def write_service(cluster: str) -> str:
    """Service that CloudNativePG keeps before the primary of its Cluster."""
    return f"{cluster}-rw"


def superuser_secret(cluster: str) -> str:
    """Secret in which CloudNativePG keeps a superuser's login."""
    return f"{cluster}-superuser"


def server_ca_secret(cluster: str) -> str:
    """Secret with the certificates that CloudNativePG signs those of its servers with."""
    return f"{cluster}-ca"


def default_user_secret(cluster: str) -> str:
    """Secret in which the RabbitMQ Cluster Operator keeps an administrator's login."""
    return f"{cluster}-default-user"


def certificate_authority(backend: str) -> str:
    """ConfigMap with the certificates that services check a server's with."""
    return f"{backend}-ca"


def cluster_host(service: str, namespace: str) -> str:
    """DNS name of a Service as seen from any namespace; the cluster's own domain is left to the resolver."""
    return f"{service}.{namespace}.svc"


def service_url(service: str, namespace: str, port: int) -> str:
    return f"http://{cluster_host(service, namespace)}:{port}"


def database(namespace: str, service: str) -> str:
    """Name of a service's database and of its role: unique on a server that several namespaces share."""
    return _within_limit(f"{namespace}.{service}")


def database_role(namespace: str, service: str, part: str) -> str:
    """Name of another role of that database. No namespace and no service has a dot in its name."""
    return _within_limit(f"{namespace}.{service}.{part}")


def second_login(namespace: str, service: str) -> str:
    """Role of PostgreSQL by which the service logs in by turns with the one of its database's name."""
    return database_role(namespace, service, "b")


def broker_user(namespace: str, service: str) -> str:
    return f"{namespace}.{service}"


def second_broker_user(namespace: str, service: str) -> str:
    return f"{namespace}.{service}.b"


def virtual_host(namespace: str, platform: str) -> str:
    return f"{namespace}.{platform}"


def _job(service: str, purpose: str, digest: str) -> str:
    """Pods of a Job carry its name as a label, which is no longer."""
    end = f"-{purpose}-{digest[:8]}"
    return service[: _LABEL_LIMIT - len(end)] + end


def _within_limit(name: str) -> str:
    if len(name) <= POSTGRES_IDENTIFIER_LIMIT:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: POSTGRES_IDENTIFIER_LIMIT - len(digest) - 1]}.{digest}"
