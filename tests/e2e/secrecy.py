"""What was secret and what could be read, over a whole run."""

import base64
import json
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from kubectl import Kubectl, Resource

READABLE: Final = ",".join(
    (
        *("fastapiservices", "fleetplatforms", "events", "configmaps", "services", "serviceaccounts"),
        *("deployments", "replicasets", "statefulsets", "controllerrevisions", "pods"),
        *("horizontalpodautoscalers", "poddisruptionbudgets", "networkpolicies", "ingresses"),
        *("endpointslices", "persistentvolumeclaims", "leases"),
    )
)
"""Kinds that people without the right to read Secrets commonly read."""

NOT_SECRET: Final = frozenset({"host", "username", "ca.crt", "tls.crt"})
"""Keys of Secrets that say where a server is, how to know it and who its administrator is, beside the password."""

MIN_LENGTH: Final = 12
"""Shorter values of Secrets are names, such as that of an administrator."""

OWN_IMAGE: Final = "/e2e-app:"


@dataclass
class Evidence:
    """Gathered from each namespace before it goes. `readable`: by namespace, kind and name."""

    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    readable: dict[str, str] = field(default_factory=dict, repr=False)

    def gather(self, cluster: Kubectl) -> None:
        for secret in cluster.select("secrets"):
            where = f"{cluster.namespace}/{secret['metadata']['name']}"
            for key, encoded in (secret.get("data") or {}).items():
                if key not in NOT_SECRET:
                    self._add_secret(f"{where}[{key}]", base64.b64decode(encoded).decode(errors="replace"))
            self.readable[f"{where}/metadata"] = json.dumps(secret["metadata"])
        for found in cluster.select(READABLE):
            where = f"{cluster.namespace}/{found['kind']}/{found['metadata']['name']}"
            self.readable[where] = json.dumps(_as_specified(found) if found["kind"] == "Pod" else found)
            if found["kind"] == "Pod" and _writes_a_log(found):
                self.readable[f"{where}/log"] = cluster.run("logs", found["metadata"]["name"], "--all-containers")

    def leaks(self, text: str) -> list[str]:
        """Names of the secrets whose value, or its base64 form, is in the text."""
        return [
            name
            for name, value in self.secrets.items()
            if value in text or base64.b64encode(value.encode()).decode() in text
        ]

    def _add_secret(self, name: str, value: str) -> None:
        password = urlsplit(value).password if "://" in value else None
        for secret in filter(None, (value, password)):
            if len(secret) >= MIN_LENGTH:
                self.secrets[f"{name} {len(self.secrets)}"] = secret


def _writes_a_log(pod: Resource) -> bool:
    """Whether all its containers run, none of them of the tests' own image, which tells secrets when asked to."""
    containers = pod["status"].get("containerStatuses", ())
    running = containers and all(container["state"].get("running") for container in containers)
    return bool(running) and not any(OWN_IMAGE in container["image"] for container in containers)


def _as_specified(pod: Resource) -> Resource:
    """The pod without its status, where the kubelet itself quotes what a crashed process wrote."""
    return {key: value for key, value in pod.items() if key != "status"}
