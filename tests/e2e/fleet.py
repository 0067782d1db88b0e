"""Resources as the tests write them, and services as the tests call them."""

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
from eventually import eventually
from kubectl import Kubectl, Manifest, Resource, condition_of

API_VERSION: Final = "fastapi-fleet.io/v1alpha1"
SERVICE: Final = "fastapiservice"
PLATFORM: Final = "fleetplatform"
REVISION: Final = "fastapi-fleet.io/revision"

READY_SECONDS: Final = 120.0
"""Long enough for a busy machine of two cores; a service is up in 5 to 10 s otherwise."""

CHILDREN: Final = ("serviceaccount", "service", "configmap", "secret", "deployment")

_ROOM: Final = {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}
"""What a server of a test asks for: half of what it would get by default."""

_QUICK: Final = {
    "probes": {"readiness": {"initialDelaySeconds": 0, "periodSeconds": 1}},
    "shutdown": {"gracePeriodSeconds": 5, "drainSeconds": 0},
    "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
}
"""What spares a test the patience and the room that production needs: all its pods fit a node of two cores."""


@dataclass(frozen=True)
class Images:
    """Images in the node. `v1`, `v2`: the tests' own service, which needs nothing; `users`: the reference one.

    `slow`, `unready`: the second version, that takes 12 s to start, or answers its probes and never is ready.
    """

    v1: str
    v2: str
    slow: str
    unready: str
    users: str
    postgres: str
    rabbitmq: str


def service(image: str, name: str = "hello", **spec: Any) -> Manifest:
    """A FastAPIService whose pods come and go quickly."""
    return {
        "apiVersion": API_VERSION,
        "kind": "FastAPIService",
        "metadata": {"name": name},
        "spec": {"image": image, **_QUICK, **spec},
    }


def platform(images: Images) -> Manifest:
    """The FleetPlatform that services use by default, with a PostgreSQL and a RabbitMQ of its own."""
    return {
        "apiVersion": API_VERSION,
        "kind": "FleetPlatform",
        "metadata": {"name": "default"},
        "spec": {
            "postgres": {"image": images.postgres, "resources": _ROOM},
            "rabbitmq": {"image": images.rabbitmq, "resources": _ROOM},
        },
    }


def guests(images: Images, name: str) -> Manifest:
    """The users service under another name, with database and broker."""
    return service(
        images.users,
        name,
        config={"SERVICE_NAME": name},
        secrets=[{"env": "JWT_SECRET", "generate": True}],
        database={},
        broker={
            "publishes": ["user.registered"],
            "consumes": ["user.registered", "order.created", "order.cancelled", "order.rejected"],
        },
    )


def start(cluster: Kubectl, manifest: Manifest) -> Resource:
    """Apply the FastAPIService and wait until it is Ready."""
    cluster.apply(manifest)
    return await_ready(cluster, manifest["metadata"]["name"])


def await_ready(cluster: Kubectl, name: str = "hello") -> Resource:
    return cluster.await_condition(SERVICE, name, "Ready", timeout=READY_SECONDS)


def await_reason(
    cluster: Kubectl, condition: str, reason: str, name: str = "hello", *, timeout: float = 60.0
) -> Resource:
    """The condition, once it is False or Unknown for that reason, of the newest generation."""
    found = cluster.await_state(SERVICE, name, lambda resource: _fails_by(resource, condition, reason), timeout=timeout)
    return condition_of(found, condition)


def get_json(cluster: Kubectl, path: str, name: str = "hello") -> Any:
    """The answer of a service to GET, asked through the API server: nothing of the cluster is published for tests."""
    return json.loads(cluster.run("get", "--raw", f"{_proxy(cluster, name)}{path}"))


@contextmanager
def forwarded(cluster: Kubectl, name: str) -> Iterator[httpx2.Client]:
    """HTTP to one pod of a service, for requests with a body."""
    with tempfile.NamedTemporaryFile("w+") as output:
        process = cluster.start("port-forward", f"service/{name}", ":http", "--address=127.0.0.1", output=output)
        try:
            address = eventually(lambda: _forwarded_address(Path(output.name)), 20)
            with httpx2.Client(base_url=f"http://{address}", timeout=10) as client:
                yield client
        finally:
            process.terminate()
            process.wait()


def children_of(cluster: Kubectl, name: str = "hello") -> list[Resource]:
    """Everything that the operator made for the service, pods left out."""
    selector = f"fastapi-fleet.io/owner-kind=FastAPIService,fastapi-fleet.io/owner-name={name}"
    return cluster.select(",".join(CHILDREN), selector)


def pods_of(cluster: Kubectl, name: str = "hello", *, component: str = "service") -> list[Resource]:
    """The service's pods that answer requests, or its worker's; those that are being stopped left out."""
    pods = cluster.select("pods", f"app.kubernetes.io/name={name},app.kubernetes.io/component={component}")
    return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def revision_of(pod: Resource) -> str:
    revision: str = pod["metadata"]["annotations"][REVISION]
    return revision


def serves(pod: Resource) -> bool:
    """Whether the Service sends requests to the pod."""
    return condition_of(pod, "Ready")["status"] == "True" and "deletionTimestamp" not in pod["metadata"]


def _fails_by(resource: Resource, condition_type: str, reason: str) -> bool:
    condition = condition_of(resource, condition_type)
    return bool(
        condition["status"] in {"False", "Unknown"}
        and condition["reason"] == reason
        and condition["observedGeneration"] == resource["metadata"]["generation"]
    )


def _forwarded_address(output: Path) -> str:
    """Where kubectl says that it listens."""
    told = re.search(r"Forwarding from (\S+) ->", output.read_text())
    assert told is not None, "kubectl does not listen yet"
    return told[1]


def _proxy(cluster: Kubectl, name: str) -> str:
    return f"/api/v1/namespaces/{cluster.namespace}/services/{name}:http/proxy"
