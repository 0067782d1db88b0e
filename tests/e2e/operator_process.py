"""The operator as it runs in the cluster: its log, and how to restart it."""

import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime

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

    def leader(self) -> str:
        """Name of the pod that holds the Lease."""
        lease = self.cluster.get("lease", LEASE)
        holder = (lease or {}).get("spec", {}).get("holderIdentity", "")
        return str(holder).rsplit("_", 1)[0]

    def restart(self) -> None:
        """Replace the leader and wait for the new pod. The last lines of the old one are kept."""
        name = self.leader()
        with tempfile.TemporaryFile("w+") as output:
            follower = self.cluster.start("logs", name, "--follow", f"--since-time={self.since}", output=output)
            self.cluster.delete("pod", name)
            follower.wait(timeout=30)
            output.seek(0)
            self._earlier += output.read().splitlines()
        self.cluster.run("rollout", "status", DEPLOYMENT, "--timeout=60s")

    def pods(self) -> list[Resource]:
        return self.cluster.select("pods", SELECTOR)
