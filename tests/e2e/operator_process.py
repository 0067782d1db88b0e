"""The operator as it runs in the cluster: its log, and how to restart it."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from containers import container_of, signal_container
from kubectl import Kubectl, Resource

DEPLOYMENT = "deployment/fastapi-fleet"
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
        container = container_of(self.cluster, pod)
        signal_container(container, "SIGSTOP")
        try:
            yield
        finally:
            signal_container(container, "SIGCONT")

    def restart(self) -> None:
        """Replace the leader and wait for the new pod. The last lines of the old one are kept."""
        self.replace(self.leader())

    def replace(self, name: str) -> None:
        """Replace a pod and wait for the new one. The last lines of the old one are kept."""
        with self._log_kept(name):
            self.cluster.delete("pod", name)
        self.await_replicas()

    def replace_restarted(self) -> None:
        """Replace the pods whose process has ended before, so that others are not taken to have crashed."""
        for pod in self.pods():
            if any(status["restartCount"] for status in pod["status"]["containerStatuses"]):
                self.replace(pod["metadata"]["name"])

    def kill(self, name: str) -> None:
        """End a pod as when its node loses power, without waiting for another. Its last lines are kept."""
        with self._log_kept(name):
            signal_container(container_of(self.cluster, name), "SIGKILL")
            self.cluster.run("delete", "pod", name, "--grace-period=0", "--force")

    def await_replicas(self) -> None:
        self.cluster.run("rollout", "status", DEPLOYMENT, "--timeout=60s")

    @contextmanager
    def absent(self) -> Iterator[None]:
        """No operator at all, as when it was uninstalled by mistake, and the same as before afterwards."""
        deployment = self.cluster.run("get", DEPLOYMENT, "--output=jsonpath={.spec.replicas}")
        with ExitStack() as logs:
            for pod in self.pods():
                logs.enter_context(self._log_kept(pod["metadata"]["name"]))
            self.cluster.run("scale", DEPLOYMENT, "--replicas=0")
            self.cluster.run("wait", "pods", f"--selector={SELECTOR}", "--for=delete", "--timeout=60s")
        try:
            yield
        finally:
            self.cluster.run("scale", DEPLOYMENT, f"--replicas={deployment}")
            self.await_replicas()

    @contextmanager
    def _log_kept(self, name: str) -> Iterator[None]:
        """Keeps every line of a pod that ends in the context."""
        with tempfile.TemporaryFile("w+") as output:
            follower = self.cluster.start("logs", name, "--follow", f"--since-time={self.since}", output=output)
            yield
            follower.wait(timeout=30)
            output.seek(0)
            self._earlier += output.read().splitlines()

    def pods(self) -> list[Resource]:
        return self.cluster.select("pods", SELECTOR)
