"""What the operator asked of the API server, from the API server's own audit log, and what it may ask by its roles."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from containers import NODE
from kubectl import Kubectl, Resource

LOG: Final = "/var/log/kubernetes/audit"
ACCOUNT: Final = {"kind": "ServiceAccount", "namespace": "fastapi-fleet-system", "name": "fastapi-fleet"}
WRITES: Final = frozenset({"create", "update", "patch", "delete", "deletecollection"})
CREATED: Final = 201
FAILED: Final = 400


@dataclass(frozen=True, order=True)
class Right:
    """`resource` with its subresource, such as fastapiservices/status."""

    group: str
    resource: str
    verb: str


@dataclass(frozen=True)
class Request:
    """A request that was answered. `received` is a timestamp that sorts as text.

    `leader`: the pod that holds the Lease by this request, "" for none, or None where it is about something else.
    """

    received: str
    pod: str
    right: Right
    where: str
    code: int
    pod_security: str
    leader: str | None

    @property
    def is_write(self) -> bool:
        return self.right.verb in WRITES and self.right.resource != "leases"

    @property
    def rights(self) -> set[Right]:
        """What it was allowed by: an apply that makes an object is allowed as a patch and as a creation."""
        made = self.right.verb == "patch" and self.code == CREATED
        return {self.right, Right(self.right.group, self.right.resource, "create")} if made else {self.right}


def requests_since(moment: str) -> list[Request]:
    """The operator's requests since then, as RFC 3339, by the time when they were received."""
    found = [_request(event) for event in _events() if event["requestReceivedTimestamp"] >= moment]
    return sorted(found, key=lambda request: request.received)


def granted_rights(cluster: Kubectl) -> set[Right]:
    """What every role that is bound to the operator's account allows."""
    bindings = json.loads(cluster.run("get", "rolebindings,clusterrolebindings", "--all-namespaces", "--output=json"))
    bound = [item for item in bindings["items"] if ACCOUNT in [_bare(one) for one in item.get("subjects", ())]]
    return {right for binding in bound for rule in _rules(binding) for right in _rights(rule)}


def _bare(subject: Resource) -> Resource:
    return {name: value for name, value in subject.items() if name != "apiGroup"}


def _rules(binding: Resource) -> list[Resource]:
    role = Kubectl(binding["metadata"].get("namespace", "default")).get(
        binding["roleRef"]["kind"], binding["roleRef"]["name"]
    )
    assert role is not None
    rules: list[Resource] = role["rules"]
    return rules


def _rights(rule: Resource) -> Iterator[Right]:
    for group in rule.get("apiGroups", ()):
        for resource in rule["resources"]:
            yield from (Right(group, resource, verb) for verb in rule["verbs"])


def _events() -> Iterator[Resource]:
    done = subprocess.run(
        ["docker", "exec", NODE, "sh", "-c", f"cat {LOG}/*.log"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, "the cluster has no audit log, it is older than its configuration: make down, make up"
    events = (json.loads(line) for line in done.stdout.splitlines())
    return (event for event in events if event["stage"] != "RequestReceived" and "objectRef" in event)


def _request(event: Resource) -> Request:
    target = event["objectRef"]
    resource = "/".join(filter(None, (target["resource"], target.get("subresource"))))
    return Request(
        received=event["requestReceivedTimestamp"],
        pod=event["user"].get("extra", {}).get("authentication.kubernetes.io/pod-name", [""])[0],
        right=Right(target.get("apiGroup", ""), resource, event["verb"]),
        where=f"{target.get('namespace', '')}/{target.get('name', '')}",
        code=event["responseStatus"]["code"],
        pod_security=event.get("annotations", {}).get("pod-security.kubernetes.io/audit-violations", ""),
        leader=_leader(event),
    )


def _leader(event: Resource) -> str | None:
    if (
        event["objectRef"]["resource"] != "leases"
        or event["verb"] not in WRITES
        or event["responseStatus"]["code"] >= FAILED
    ):
        return None
    return str(event["requestObject"]["spec"]["holderIdentity"]).rsplit("_", 1)[0]
