"""A release for one namespace: no right beyond it, alive, tested by Helm, and gone without a trace that holds on."""

import json
from collections.abc import Iterator

import pytest
from eventually import eventually
from kubectl import Kubectl, Resource
from operator_process import Operator
from release import Release, values

NAME = "second-fastapi-fleet"
HEARTBEAT_SECONDS = 40.0
"""The leader beats every 15 s."""
PODS_SECONDS = 60.0
"""Helm does not wait for the pods, which may take 30 s to stop."""


@pytest.fixture
def second(cluster: Kubectl, operator: Operator) -> Iterator[Release]:
    """A second operator, for its own namespace alone. No resource is there that two operators would quarrel over."""
    release = Release("second", cluster.namespace)
    try:
        release.install(
            *values(operator.image(), watch=cluster.namespace),
            "--set=replicas=1",
            "--set=crds.install=false",
            "--set=resources.requests.cpu=10m",
        )
        yield release
    finally:
        release.uninstall()


def test_a_release_for_one_namespace_lives_in_it_and_leaves_nothing_that_holds(
    cluster: Kubectl, second: Release
) -> None:
    assert [role for role in cluster_roles(cluster) if cluster.namespace in role] == []
    eventually(lambda: heard(cluster), HEARTBEAT_SECONDS)
    assert "Succeeded" in second.test()
    assert restarts(cluster) == [0]
    second.uninstall()
    eventually(lambda: assert_left(cluster, {f"configmap/{NAME}-heartbeat", f"lease/{NAME}"}), PODS_SECONDS)
    assert cluster.get("crd", "fastapiservices.fastapi-fleet.io") is not None


def cluster_roles(cluster: Kubectl) -> list[str]:
    found = [*cluster.select("clusterroles"), *cluster.select("clusterrolebindings")]
    return [role["metadata"]["name"] for role in found]


def heard(cluster: Kubectl) -> None:
    """The heartbeat was written, and came back through the watch."""
    assert cluster.get("configmap", f"{NAME}-heartbeat") is not None
    service = f"/api/v1/namespaces/{cluster.namespace}/services/{NAME}-metrics:8080"
    shown = cluster.run("get", "--raw", f"{service}/proxy/metrics")
    figures = dict(line.rsplit(" ", 1) for line in shown.splitlines() if not line.startswith("#"))
    assert float(figures['fastapi_fleet_watch_events_total{kind="ConfigMap",news="true"}']) >= 1
    assert float(figures["fastapi_fleet_heartbeat_unheard_seconds"]) == 0.0


def restarts(cluster: Kubectl) -> list[int]:
    return [status["restartCount"] for pod in pods(cluster) for status in pod["status"]["containerStatuses"]]


def pods(cluster: Kubectl) -> list[Resource]:
    return cluster.select("pods", "app.kubernetes.io/name=fastapi-fleet")


def assert_left(cluster: Kubectl, expected: set[str]) -> None:
    """What the release has left in its namespace, Kubernetes' own objects apart."""
    kinds = "deployment,service,pod,serviceaccount,role,rolebinding,poddisruptionbudget,configmap,lease,secret"
    objects = json.loads(cluster.run("get", kinds, "--output=json"))["items"]
    names = {f"{one['kind'].lower()}/{one['metadata']['name']}" for one in objects}
    assert names - {"configmap/kube-root-ca.crt", "serviceaccount/default"} == expected
