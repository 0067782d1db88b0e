"""kubectl with JSON in and out, bound to one local cluster, so that no test can ever reach another."""

import json
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Final
from urllib.parse import urlsplit

CONTEXT: Final = "kind-fastapi-fleet"

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})

TARGET_FLAGS: Final = frozenset({"--context", "--kubeconfig", "--server", "-s", "--cluster", "--user"})
"""Flags that would send a command elsewhere."""

POLL_SECONDS: Final = 0.2
COMMAND_TIMEOUT_SECONDS: Final = 120.0

WARNING: Final = "Warning: "
OWN_WARNINGS: Final = ("Warning: deleting cluster-scoped resources", "Warning: Immediate deletion does not wait")
"""What kubectl says by itself."""

Manifest = Mapping[str, Any]
Resource = dict[str, Any]


class ForeignClusterError(Exception):
    """The command would not, or not surely, go to the local cluster of the tests."""


class KubectlError(Exception):
    """kubectl failed; `stderr` is what it, or the API server through it, said."""

    def __init__(self, command: list[str], stderr: str) -> None:
        super().__init__(f"{' '.join(command)}: {stderr.strip()}")
        self.stderr = stderr


class NotReachedError(Exception):
    """The awaited state was not reached in time; the message shows the last one seen."""


WARNINGS: Final[list[str]] = []
"""What the API server has warned of since the tests began."""


@contextmanager
def warned() -> Iterator[None]:
    """What is warned of meanwhile is what the test does by hand, and not counted."""
    before = len(WARNINGS)
    try:
        yield
    finally:
        del WARNINGS[before:]


@dataclass(frozen=True)
class Kubectl:
    """kubectl in one namespace. Every method raises KubectlError where kubectl fails."""

    namespace: str = "default"

    def run(self, *arguments: str, stdin: str | None = None, timeout: float = COMMAND_TIMEOUT_SECONDS) -> str:
        """Standard output of any kubectl command.

        Raises:
            ForeignClusterError: an argument names another cluster.
            KubectlError: kubectl exited with another code than 0.
            subprocess.TimeoutExpired: it took longer than `timeout` seconds.
        """
        command = self._command(arguments)
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)
        told = (line for line in done.stderr.splitlines() if line.startswith(WARNING))
        WARNINGS.extend(line for line in told if not line.startswith(OWN_WARNINGS))
        if done.returncode != 0:
            raise KubectlError(command, done.stderr)
        return done.stdout

    def start(self, *arguments: str, output: IO[str]) -> subprocess.Popen[str]:
        """Any kubectl command that goes on, such as a watch, writing to `output`; the caller ends it.

        Raises:
            ForeignClusterError: an argument names another cluster.
        """
        return subprocess.Popen(self._command(arguments), stdout=output, stderr=subprocess.DEVNULL, text=True)

    def apply(self, *manifests: Manifest, dry_run: bool = False) -> list[Resource]:
        """Apply as a person does, unknown fields refused; answers the objects as the API server has them.

        A dry run goes through defaulting and admission and is not stored.
        """
        mode = ["--dry-run=server"] if dry_run else []
        output = self.run(
            "apply", "--validate=strict", *mode, "--output=json", "--filename=-", stdin=_documents(manifests)
        )
        return _objects(json.loads(output))

    def create(self, *manifests: Manifest) -> None:
        """Create objects that hold secrets: to apply them would write the secrets into an annotation, too."""
        self.run("create", "--filename=-", stdin=_documents(manifests))

    def get(self, kind: str, name: str) -> Resource | None:
        """The object, or None where there is none."""
        output = self.run("get", kind, name, "--ignore-not-found", "--output=json")
        return json.loads(output) if output.strip() else None

    def select(self, kind: str, selector: str = "") -> list[Resource]:
        """The namespace's objects of a kind, those that the label selector matches."""
        return _objects(json.loads(self.run("get", kind, f"--selector={selector}", "--output=json")))

    def select_everywhere(self, kind: str) -> list[Resource]:
        """The objects of a kind in all namespaces."""
        return _objects(json.loads(self.run("get", kind, "--all-namespaces", "--output=json")))

    def patch(self, kind: str, name: str, patch: Manifest, *, subresource: str = "") -> Resource:
        """JSON merge patch; answers the object as it is afterwards."""
        arguments = [f"--subresource={subresource}"] if subresource else []
        output = self.run(
            "patch", kind, name, "--type=merge", f"--patch={json.dumps(patch)}", "--output=json", *arguments
        )
        patched: Resource = json.loads(output)
        return patched

    def delete(self, kind: str, name: str, *, timeout: float = 60.0) -> None:
        """Delete and wait until the object is gone; no error where there is none."""
        self.run("delete", kind, name, "--ignore-not-found", f"--timeout={timeout:.0f}s", timeout=timeout + 10)

    def await_condition(self, kind: str, name: str, condition: str, *, timeout: float = 120.0) -> Resource:
        """The object, once the condition (`Ready`, or `Ready=False`) holds for its newest generation."""
        wanted, _, value = condition.partition("=")
        return self.await_state(kind, name, lambda found: _holds(found, wanted, value or "True"), timeout=timeout)

    def await_state(
        self, kind: str, name: str, reached: Callable[[Resource], bool], *, timeout: float = 120.0
    ) -> Resource:
        """The object, once it exists and `reached` says yes to it.

        Raises:
            NotReachedError: `timeout` seconds have passed.
        """
        deadline = time.monotonic() + timeout
        while True:
            found = self.get(kind, name)
            if found is not None and reached(found):
                return found
            if time.monotonic() >= deadline:
                raise NotReachedError(f"{kind}/{name} after {timeout:.0f} s: {json.dumps(_gist(found))}")
            time.sleep(POLL_SECONDS)

    def await_absence(self, kind: str, name: str, *, timeout: float = 60.0) -> None:
        """Return once there is no such object.

        Raises:
            KubectlError: it is still there after `timeout` seconds.
        """
        if self.get(kind, name) is not None:
            self.run("wait", f"{kind}/{name}", "--for=delete", f"--timeout={timeout:.0f}s", timeout=timeout + 10)

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        if TARGET_FLAGS & {argument.partition("=")[0] for argument in arguments[: _own_arguments(arguments)]}:
            raise ForeignClusterError(f"{' '.join(arguments)} names its own cluster")
        return ["kubectl", "--context", CONTEXT, "--namespace", self.namespace, *arguments]


def local_cluster(namespace: str = "default") -> Kubectl:
    """The way to the tests' cluster.

    Raises:
        ForeignClusterError: there is no such context, or its API server is not on this machine.
    """
    config = json.loads(Kubectl().run("config", "view", "--minify", "--output=json"))
    server = config["clusters"][0]["cluster"]["server"] if config.get("clusters") else ""
    if urlsplit(server).hostname not in LOOPBACK:
        raise ForeignClusterError(f"context {CONTEXT} leads to {server or 'nowhere'}, not to this machine")
    return Kubectl(namespace)


def condition_of(resource: Resource, condition_type: str) -> Resource:
    """The condition of that type; all its fields are empty where the resource does not have it."""
    conditions = resource.get("status", {}).get("conditions", [])
    absent = {"type": condition_type, "status": "", "reason": "", "message": ""}
    return next((condition for condition in conditions if condition["type"] == condition_type), absent)


def _holds(resource: Resource, condition_type: str, value: str) -> bool:
    condition = condition_of(resource, condition_type)
    newest = resource["metadata"].get("generation")
    return bool(condition["status"] == value and condition.get("observedGeneration", newest) == newest)


def _documents(manifests: Iterable[Manifest]) -> str:
    return "\n".join(json.dumps(manifest) for manifest in manifests)


def _objects(answer: Resource) -> list[Resource]:
    found: list[Resource] = answer.get("items", [answer])
    return found


def _gist(resource: Resource | None) -> Resource | None:
    return resource and {key: resource.get(key) for key in ("kind", "spec", "status")}


def _own_arguments(arguments: tuple[str, ...]) -> int:
    """How many arguments are kubectl's own: those after `--` belong to a command in a pod."""
    return arguments.index("--") if "--" in arguments else len(arguments)
