"""Requests from inside the cluster, and what became of each."""

import json
from dataclasses import dataclass
from typing import Final

from eventually import eventually
from kubectl import Kubectl

ASKED: Final = 100


@dataclass(frozen=True)
class Caller:
    """A pod that asks services, each 20 times a second, from inside the cluster as their callers do."""

    cluster: Kubectl

    def start(self, image: str, *urls: str) -> None:
        container = {
            "name": "caller",
            "image": image,
            "command": ["python", "-m", "app.caller", *urls],
            "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}},
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
        hardened = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
        spec = {"containers": [container], "securityContext": hardened, "automountServiceAccountToken": False}
        self.cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "caller"}, "spec": spec})

    def failures(self) -> list[str]:
        """What went wrong since the start, once another hundred requests have been answered."""
        wanted = [asked + ASKED for asked, _ in eventually(self._tallies, 60)]

        def asked_on() -> list[str]:
            tallies = self._tallies()
            assert all(asked >= least for (asked, _), least in zip(tallies, wanted, strict=True))
            return [failure for _, failures in tallies for failure in failures]

        return eventually(asked_on, 60)

    def _tallies(self) -> list[tuple[int, list[str]]]:
        last = self.cluster.run("logs", "caller", "--tail=1")
        assert last, "the caller has not begun"
        return [(one["asked"], [f"{one['url']}: {what}" for what in one["failures"]]) for one in json.loads(last)]
