"""The key that signs tokens is exchanged while they are in use: old and new pods side by side, and none is refused."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import IO, Any

import pytest
from fleet import READY_SECONDS, SERVICE, Images, get_json, pods_of, service
from kubectl import Kubectl, Manifest, Resource, condition_of

SIGNER, VERIFIER = "signer", "verifier"
CLIENT = "SERVICE_CLIENTS__ORDERS"
"""What the verifier reads of the signer's Secret."""

ROTATION_SECONDS = 240.0
"""Three rollouts of two pods, 35 s and 65 s."""

ASK_ALL_THE_TIME = """
import collections, json, os, pathlib, time
import httpx2

auth = ("orders", os.environ["SERVICE_CLIENT_SECRET"])
tokens, told, stop = [], collections.Counter(), pathlib.Path("/tmp/stop")

def ask(url, token):
    # A pod that goes may refuse the connection; that is no answer about the token.
    try:
        answer = httpx2.get(url, headers={"Authorization": "Bearer " + token}, timeout=5)
    except httpx2.TransportError:
        return
    told[url + " " + str(answer.status_code)] += 1

while not stop.exists():
    try:
        answer = httpx2.post("http://signer:8000/auth/token", data={"grant_type": "client_credentials"}, auth=auth)
        tokens.append((time.monotonic(), answer.json()["access_token"]))
    except httpx2.TransportError:
        pass
    # Tokens of a minute: the newest, and the oldest that has some seconds left.
    tokens = [(at, token) for at, token in tokens if time.monotonic() - at < 50]
    for _, token in (tokens[0], tokens[-1]) if tokens else ():
        ask("http://signer:8000/users?limit=1", token)
        ask("http://localhost:8000/orders?limit=1", token)
    time.sleep(0.2)
print(json.dumps(told))
"""


@dataclass
class Asking:
    """Requests from within the cluster, each with a new connection: whichever pod is there answers."""

    cluster: Kubectl
    pod: str
    process: Popen[str]
    output: IO[str]

    def stop(self) -> Counter[str]:
        """How often each address gave each status."""
        self.cluster.run("exec", self.pod, "--", "touch", "/tmp/stop")  # noqa: S108 - the pod's own emptyDir
        self.process.wait(timeout=30)
        return Counter(json.loads(Path(self.output.name).read_text()))


def signer(images: Images) -> Manifest:
    """The users service, whose tokens are good for a minute."""
    return service(
        images.users,
        SIGNER,
        replicas=2,
        config={"SERVICE_NAME": SIGNER, "JWT_ALGORITHM": "EdDSA", "TOKEN_EXPIRY_MINUTES": "1"},
        secrets=[
            {
                "env": "JWT_PRIVATE_KEY",
                # Longer than a verifier waits between two fetches, and than a token lives.
                "signingKey": {"otherEnv": "JWT_OTHER_PRIVATE_KEY", "publishBefore": "35s", "keepAfter": "65s"},
            },
            {"env": CLIENT, "generate": True},
        ],
        database={},
        broker={
            "publishes": ["user.registered"],
            "consumes": ["user.registered", "order.created", "order.cancelled", "order.rejected"],
        },
    )


def verifier(image: str) -> Manifest:
    """The orders service, which knows no key but what the signer shows."""
    return service(
        image,
        VERIFIER,
        config={
            "SERVICE_NAME": VERIFIER,
            "JWT_ALGORITHM": "EdDSA",
            "JWT_JWKS_URL": f"http://{SIGNER}:8000/.well-known/jwks.json",
        },
        secrets=[{"env": "SERVICE_CLIENT_SECRET", "name": f"{SIGNER}-secrets", "key": CLIENT}],
        services=[{"name": SIGNER, "env": "USER_SERVICE_URL"}],
        database={},
        broker={
            "publishes": ["order.created", "inventory.reserved"],
            "consumes": [
                *("user.registered", "user.updated", "user.deleted"),
                *("order.created", "order.cancelled", "inventory.reserved", "inventory.rejected", "payment.completed"),
            ],
        },
    )


@contextmanager
def asking(cluster: Kubectl) -> Iterator[Asking]:
    pod = f"deployment/{VERIFIER}"
    with tempfile.NamedTemporaryFile("w+") as output:
        process = cluster.start("exec", pod, "--", "python", "-c", ASK_ALL_THE_TIME, output=output)
        try:
            yield Asking(cluster, pod, process, output)
        finally:
            process.terminate()
            process.wait()


def published(cluster: Kubectl) -> list[str]:
    keys: list[dict[str, Any]] = get_json(cluster, "/.well-known/jwks.json", SIGNER)["keys"]
    return [key["kid"] for key in keys]


def key_of(found: Resource) -> dict[str, str]:
    keys: list[dict[str, str]] = found["status"].get("signingKeys") or [{}]
    return keys[0]


def is_at(stage: str) -> Callable[[Resource], bool]:
    """Whether every pod has read it."""
    return lambda found: key_of(found).get("stage") == stage and "until" in key_of(found)


def is_done(found: Resource) -> bool:
    return key_of(found).get("stage") == "Alone" and holds(found, "CredentialsRotated")


def holds(found: Resource, condition: str) -> bool:
    return bool(condition_of(found, condition)["status"] == "True")


@pytest.fixture
def signing(furnished_cluster: Kubectl, fleet: Kubectl, images: Images) -> Kubectl:
    """Both services, which go with the module."""
    orders = fleet.get(SERVICE, "orders")
    assert orders is not None, "there is no FastAPIService orders: run make up"
    furnished_cluster.apply(signer(images), verifier(orders["spec"]["image"]))
    for name in (SIGNER, VERIFIER):
        furnished_cluster.await_condition(SERVICE, name, "Ready", timeout=READY_SECONDS)
    return furnished_cluster


def written(cluster: Kubectl, name: str) -> tuple[int, set[str]]:
    """How often the spec of the service's Deployment was written, and which pods it has."""
    deployment = cluster.get("deployment", name)
    assert deployment is not None
    return deployment["metadata"]["generation"], {pod["metadata"]["uid"] for pod in pods_of(cluster, name)}


def test_signing_key_is_exchanged_no_token_is_refused_and_who_reads_another_value_stays(signing: Kubectl) -> None:
    (first,), verifiers = published(signing), written(signing, VERIFIER)
    with asking(signing) as requests:
        annotation = {"fastapi-fleet.io/rotate": "now"}
        signing.patch(SERVICE, SIGNER, {"metadata": {"annotations": annotation}})
        signing.await_state(SERVICE, SIGNER, is_at("NextPublished"), timeout=ROTATION_SECONDS)
        both = published(signing)
        signing.await_state(SERVICE, SIGNER, is_at("PreviousAccepted"), timeout=ROTATION_SECONDS)
        swapped = published(signing)
        done = signing.await_state(SERVICE, SIGNER, is_done, timeout=ROTATION_SECONDS)
        told = requests.stop()
    assert both[0] == first
    assert swapped == both[::-1]
    assert published(signing) == [swapped[0]]
    assert holds(done, "Ready")
    # The verifier knows who asks, and that a service has no orders of its own.
    believed = {"http://signer:8000/users?limit=1 200", "http://localhost:8000/orders?limit=1 403"}
    assert set(told) == believed
    assert all(told[answer] > 100 for answer in believed)
    assert written(signing, VERIFIER) == verifiers
