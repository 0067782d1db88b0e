"""A PostgreSQL and a RabbitMQ that the operator has no part in: plain pods, as somebody else would run them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from kubectl import Kubectl, Manifest

START_SECONDS: Final = 120.0

_UID: Final = 999


@dataclass(frozen=True)
class Server:
    """A pod and the Service before it, called `service`. `labels`: of the pod."""

    service: str
    image: str
    labels: dict[str, str]
    user: str
    password: str = field(default_factory=token_urlsafe, repr=False)

    @property
    def login(self) -> dict[str, str]:
        return {"username": self.user, "password": self.password}


@dataclass(frozen=True)
class _Software:
    ports: dict[str, int]
    data_path: str


_POSTGRES: Final = _Software({"postgres": 5432}, "/data")
_RABBITMQ: Final = _Software({"amqp": 5672, "management": 15672}, "/var/lib/rabbitmq")


def host_of(cluster: Kubectl, server: Server) -> str:
    return f"{server.service}.{cluster.namespace}.svc"


def start_postgres(cluster: Kubectl, server: Server) -> str:
    """A PostgreSQL that speaks TLS. Answers the certificate in PEM, its own authority, once the server is ready."""
    certificate, key = _certified(host_of(cluster, server))
    files = {"tls.crt": certificate, "tls.key": key}
    container = {
        "env": [
            *_login("POSTGRES_USER", "POSTGRES_PASSWORD", server),
            {"name": "POSTGRES_DB", "value": "postgres"},
            {"name": "PGDATA", "value": "/data/pgdata"},
        ],
        "args": ["-c", "ssl=on", "-c", "ssl_cert_file=/tls/tls.crt", "-c", "ssl_key_file=/tls/tls.key"],
        "readinessProbe": {"exec": {"command": ["pg_isready", "--quiet", "--host=127.0.0.1"]}, "periodSeconds": 1},
    }
    _start(cluster, server, _POSTGRES, container, files)
    return certificate


def start_rabbitmq(cluster: Kubectl, server: Server) -> None:
    """A RabbitMQ without TLS; returns once it is ready."""
    container = {
        "env": [
            *_login("RABBITMQ_DEFAULT_USER", "RABBITMQ_DEFAULT_PASS", server),
            {"name": "RABBITMQ_LOGS", "value": "-"},
        ],
        "readinessProbe": {"tcpSocket": {"port": 15672}, "periodSeconds": 1},
    }
    _start(cluster, server, _RABBITMQ, container, {})


def secret(name: str, values: dict[str, str]) -> Manifest:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}


def _start(
    cluster: Kubectl, server: Server, software: _Software, container: dict[str, Any], files: dict[str, str]
) -> None:
    cluster.create(secret(f"{server.service}-started-with", {**server.login, **files}))
    cluster.apply(
        _service(server, software.ports),
        _pod(server, container, software.data_path),
    )
    cluster.await_condition("pod", server.service, "Ready", timeout=START_SECONDS)


def _service(server: Server, ports: dict[str, int]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": server.service},
        "spec": {
            "selector": server.labels,
            "ports": [{"name": name, "port": port} for name, port in ports.items()],
        },
    }


def _pod(server: Server, container: dict[str, Any], data_path: str) -> Manifest:
    places = {"data": data_path, "tmp": "/tmp", "run": "/var/run/postgresql"}  # noqa: S108 - the pod's own emptyDirs
    mounts = [{"name": name, "mountPath": path} for name, path in places.items()]
    secret_name = f"{server.service}-started-with"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": server.service, "labels": server.labels},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": _UID,
                "runAsGroup": _UID,
                "fsGroup": _UID,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "server",
                    "image": server.image,
                    "imagePullPolicy": "IfNotPresent",
                    "resources": {"requests": {"cpu": "20m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
                    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                    "volumeMounts": [*mounts, {"name": "tls", "mountPath": "/tls", "readOnly": True}],
                    **container,
                }
            ],
            "volumes": [
                *({"name": name, "emptyDir": {}} for name in places),
                {"name": "tls", "secret": {"secretName": secret_name, "defaultMode": 0o440}},
            ],
        },
    }


def _login(user: str, password: str, server: Server) -> Iterator[Manifest]:
    for variable, key in ((user, "username"), (password, "password")):
        reference = {"name": f"{server.service}-started-with", "key": key}
        yield {"name": variable, "valueFrom": {"secretKeyRef": reference}}


def _certified(host: str) -> tuple[str, str]:
    """Certificate and key in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=12))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM).decode(), private.decode()
