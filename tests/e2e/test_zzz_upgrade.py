"""From the first release to this one under requests, and from this one to none.

The operator of the cluster makes way meanwhile and is put back: pytest runs modules by name, so this one is the last.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from caller import Caller
from eventually import eventually
from fleet import PLATFORM, SERVICE, Images, await_ready, guests, platform, pods_of, revision_of, service, start
from kubectl import Kubectl, Resource
from operator_process import Operator
from release import Release, values

HACK = Path(__file__).parents[2] / "hack"
RELEASE = Release("fastapi-fleet", "fastapi-fleet-system")
SERVICES = ("hello", "guests")
BUDGET = {"gracePeriodSeconds": 15, "drainSeconds": 5}
"""Production's: a pod serves on until routing has forgotten it."""

TIMES_ROLLED = 1
"""The changelog says why: pods are spread over zones and nodes."""

SETTLED_SECONDS = 120.0


@dataclass(frozen=True)
class Upgrade:
    """An upgrade that is done, and what was there before it."""

    cluster: Kubectl
    caller: Caller
    servers: dict[str, str]
    """The pods of the embedded servers, by name."""


@pytest.fixture(scope="module")
def upgrade(
    shared_cluster: Kubectl, images: Images, operator: Operator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgrade]:
    present, chart = operator.image(), tmp_path_factory.mktemp("first-release")
    first = subprocess.run([HACK / "load-first-release.sh", chart], stdout=subprocess.PIPE, text=True, check=True)
    namespace = shared_cluster.namespace
    try:
        RELEASE.uninstall()
        RELEASE.install(*values(first.stdout.strip(), watch=namespace), chart=chart)
        caller = furnish(shared_cluster, images)
        assert caller.failures() == []
        servers = servers_of(shared_cluster)
        RELEASE.upgrade(*values(present, watch=namespace), f"--set=callerNamespaces={{{namespace}}}")
        for name in SERVICES:
            eventually(partial(assert_taken_over, shared_cluster, name), SETTLED_SECONDS)
        yield Upgrade(shared_cluster, caller, servers)
    finally:
        RELEASE.uninstall()
        subprocess.run([HACK / "install-operator.sh", present], check=True)


def furnish(cluster: Kubectl, images: Images) -> Caller:
    """Servers, two pods that need nothing, one that is ready with database and broker only, and who asks them."""
    cluster.apply(platform(images))
    start(cluster, service(images.v1, replicas=2, shutdown=BUDGET))
    visitors = guests(images, "guests")
    start(cluster, {**visitors, "spec": {**visitors["spec"], "shutdown": BUDGET}})
    caller = Caller(cluster)
    caller.start(images.v1, "http://hello:8000/version", "http://guests:8000/health/ready")
    return caller


def assert_taken_over(cluster: Kubectl, name: str) -> None:
    """The new operator has made what the old one knew nothing of, and every pod runs as it wants."""
    resource = await_ready(cluster, name)
    assert [one["revision"] for one in resource["status"].get("history", [])] != []
    assert cluster.get("networkpolicy", name) is not None
    assert {revision_of(pod) for pod in pods_of(cluster, name)} == {resource["status"]["revision"]}


def servers_of(cluster: Kubectl) -> dict[str, str]:
    found = [pod["metadata"] for pod in cluster.select("pods")]
    return {pod["name"]: pod["uid"] for pod in found if pod["name"].startswith("default-")}


def times_rolled(cluster: Kubectl, name: str) -> int:
    deployment = cluster.get("deployment", name)
    assert deployment is not None
    return int(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"]) - 1


def restarts(cluster: Kubectl) -> dict[str, int]:
    return {
        pod["metadata"]["name"]: status["restartCount"]
        for pod in cluster.select("pods")
        for status in pod["status"]["containerStatuses"]
        if status["restartCount"]
    }


def test_an_upgrade_fails_no_request(upgrade: Upgrade) -> None:
    assert upgrade.caller.failures() == []


def test_an_upgrade_restarts_nothing_but_what_the_changelog_says(upgrade: Upgrade) -> None:
    assert restarts(upgrade.cluster) == {}
    assert servers_of(upgrade.cluster) == upgrade.servers
    assert {name: times_rolled(upgrade.cluster, name) for name in SERVICES} == dict.fromkeys(SERVICES, TIMES_ROLLED)


def test_without_an_operator_services_serve_on_and_nothing_stays_for_ever(upgrade: Upgrade) -> None:
    cluster, before = upgrade.cluster, pod_ids(upgrade.cluster)
    RELEASE.uninstall()
    assert upgrade.caller.failures() == []
    assert pod_ids(cluster) == before
    cluster.delete(SERVICE, "hello")
    cluster.await_absence("deployment", "hello")
    cluster.run("delete", SERVICE, "guests", "--wait=false")
    assert finalizers_of(cluster.get(SERVICE, "guests"))
    cluster.patch(SERVICE, "guests", {"metadata": {"finalizers": None}})
    cluster.await_absence(SERVICE, "guests")
    cluster.delete(PLATFORM, "default")
    cluster.await_absence("statefulset", "default-postgres")


def pod_ids(cluster: Kubectl) -> set[str]:
    """Those of the last rollout may still be draining."""
    found = [pod["metadata"] for pod in cluster.select("pods")]
    return {pod["uid"] for pod in found if "deletionTimestamp" not in pod}


def finalizers_of(resource: Resource | None) -> list[str]:
    assert resource is not None, "it is gone already"
    found: list[str] = resource["metadata"].get("finalizers", [])
    return found
