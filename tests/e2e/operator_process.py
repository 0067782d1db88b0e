"""The operator as it runs in the cluster: its log, and how to restart it."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from kubectl import Kubectl, Resource

DEPLOYMENT = "deployment/fastapi-fleet"
NODE = "fastapi-fleet-control-plane"
LEASE = "fastapi-fleet"
SELECTOR = "app.kubernetes.io/name=fastapi-fleet"


@dataclass
class Operator:
    """`cluster` is bound to the operator's namespace. The log is kept across restarts, from `since` on."""

    cluster: Kubectl
    since: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    _earlier: list[str] = field(default_factory=list)

    def log(self) -> list[str]:
        """Every line of every replica since the tests began."""
        current = self.cluster.run("logs", f"--selector={SELECTOR}", "--tail=-1", f"--since-time={self.since}")
        return [*self._earlier, *current.splitlines()]

    def image(self) -> str:
        """The image that it is installed with."""
        deployment = self.cluster.get(*DEPLOYMENT.split("/"))
        assert deployment is not None, "no operator is installed"
        return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])

    def lease(self) -> Resource:
        lease = self.cluster.get("lease", LEASE)
        assert lease is not None, "no operator has ever led"
        return lease

    def leader(self) -> str:
        """Name of the pod that holds the Lease."""
        return str(self.lease()["spec"]["holderIdentity"]).rsplit("_", 1)[0]

    @contextmanager
    def frozen(self, pod: str) -> Iterator[None]:
        """The pod's process stopped, as when its node is short of everything, and going on afterwards."""
        container = self._container_of(pod)
        _signal(container, "SIGSTOP")
        try:
            yield
        finally:
            _signal(container, "SIGCONT")

    def restart(self) -> None:
        """Replace the leader and wait for the new pod. The last lines of the old one are kept."""
        self.replace(self.leader())

    def replace(self, name: str) -> None:
        """Replace a pod and wait for the new one. The last lines of the old one are kept."""
        with tempfile.TemporaryFile("w+") as output:
            follower = self.cluster.start("logs", name, "--follow", f"--since-time={self.since}", output=output)
            self.cluster.delete("pod", name)
            follower.wait(timeout=30)
            output.seek(0)
            self._earlier += output.read().splitlines()
        self.cluster.run("rollout", "status", DEPLOYMENT, "--timeout=60s")

    def pods(self) -> list[Resource]:
        return self.cluster.select("pods", SELECTOR)

    def _container_of(self, name: str) -> str:
        pod = self.cluster.get("pod", name)
        assert pod is not None
        (container,) = pod["status"]["containerStatuses"]
        return str(container["containerID"]).removeprefix("containerd://")


def _signal(container: str, signal: str) -> None:
    command = ["docker", "exec", NODE, "ctr", "--namespace=k8s.io", "tasks", "kill", f"--signal={signal}", container]
    subprocess.run(command, capture_output=True, check=True, timeout=30)
