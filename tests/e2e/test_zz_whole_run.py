"""What must hold over all that the other modules did; pytest runs modules by name, so this one is last."""

import json

import pytest
from kubectl import WARNINGS, Kubectl, Resource
from operator_process import Operator
from secrecy import Evidence

ALLOWED_ERRORS = ("Request attempt #",)
"""How events that may be of level error begin: kopf tells so of requests that it repeats; an API server is killed."""

MANAGED = "app.kubernetes.io/managed-by=fastapi-fleet"
WORKLOADS = "deployments,statefulsets"
POD_SECURITY = "pod-security.kubernetes.io/"


@pytest.fixture(scope="module")
def complete(fleet: Kubectl, operator: Operator, evidence: Evidence) -> Evidence:
    """The evidence with that of users and orders, and of the operator itself."""
    evidence.gather(fleet)
    evidence.gather(operator.cluster)
    assert evidence.secrets
    return evidence


def test_no_secret_shows_in_the_operator_log(complete: Evidence, operator: Operator) -> None:
    assert complete.leaks("\n".join(operator.log())) == []


def test_no_secret_shows_in_what_people_may_read(complete: Evidence) -> None:
    leaks = {where: found for where, text in complete.readable.items() if (found := complete.leaks(text))}
    assert leaks == {}


def test_operator_logged_no_error(operator: Operator) -> None:
    entries = [json.loads(line) for line in operator.log()]
    assert entries
    broken = [one for one in entries if one["level"] in {"error", "critical"} or "exception" in one]
    assert [one for one in broken if not one["event"].startswith(ALLOWED_ERRORS)] == []


def test_operator_never_crashed(operator: Operator) -> None:
    restarts = [status["restartCount"] for pod in operator.pods() for status in pod["status"]["containerStatuses"]]
    assert restarts == [0, 0]


def test_every_namespace_with_pods_of_the_fleet_is_restricted(fleet: Kubectl, operator: Operator) -> None:
    managed = fleet.run("get", "pods", "--all-namespaces", f"--selector={MANAGED}", "--output=json")
    names = {pod["metadata"]["namespace"] for pod in json.loads(managed)["items"]} | {operator.cluster.namespace}
    restricted = dict.fromkeys(("enforce", "audit", "warn"), "restricted")
    levels = {name: _pod_security(fleet.get("namespace", name)) for name in names}
    assert [name for name, found in levels.items() if found != restricted] == []


def _pod_security(namespace: Resource | None) -> dict[str, str]:
    assert namespace is not None
    labels = namespace["metadata"].get("labels", {})
    return {key.removeprefix(POD_SECURITY): labels[key] for key in labels if key.startswith(POD_SECURITY)}


def test_workloads_of_operator_services_and_backends_raise_no_warning(fleet: Kubectl, operator: Operator) -> None:
    for namespace in (operator.cluster, fleet):
        workloads = namespace.run("get", WORKLOADS, "--output=json")
        told = namespace.run("create", "--dry-run=server", "--output=name", "--filename=-", stdin=_as_new(workloads))
        assert told.splitlines()
    assert WARNINGS == []


def _as_new(workloads: str) -> str:
    """The same workloads under other names, as they would be made now."""
    items = json.loads(workloads)["items"]
    return "\n".join(
        json.dumps({**item, "metadata": {"name": f"again-{item['metadata']['name']}"}, "status": None})
        for item in items
    )
