"""Rules of the house: the API server refuses what the chart's admission policies forbid, and names the field."""

from collections.abc import Iterator

import pytest
from eventually import eventually
from fleet import API_VERSION, SERVICE, service
from kubectl import Kubectl, KubectlError
from release import Release

TEAM = {"example.com/team": "shop"}
ALLOWED = "registry.example/shop/users:1.0"
FOREIGN = "registry.example.org/users:1.0"
POLICY_SECONDS = 30.0
"""The API server takes a policy up within seconds."""


@pytest.fixture
def guarded(cluster: Kubectl) -> Iterator[Kubectl]:
    """A namespace in which a service from before the rules, `old`, breaks both of them."""
    cluster.apply(service(FOREIGN, "old", paused=True))
    manifest = Release("guard", cluster.namespace).manifest(
        "admission.yaml",
        f"--set=watchNamespaces={{{cluster.namespace}}}",
        "--set=admission.registries={registry.example/shop,mirror.example}",
        "--set=admission.requiredLabels={example.com/team}",
    )
    cluster.run("apply", "--filename=-", stdin=manifest)
    try:
        eventually(lambda: assert_refused(cluster), POLICY_SECONDS)
        yield cluster
    finally:
        cluster.run("delete", "--filename=-", stdin=manifest)


def test_policies_refuse_by_name_and_leave_alone_what_was_there(guarded: Kubectl) -> None:
    assert "spec.image: images come from registry.example/shop, mirror.example only" in refusal(guarded, FOREIGN, TEAM)
    assert FOREIGN in refusal(guarded, FOREIGN, TEAM)
    assert "metadata.labels: required and missing: example.com/team" in refusal(guarded, ALLOWED, {"tier": "web"})
    guarded.apply(labelled(ALLOWED, TEAM), dry_run=True)
    guarded.patch(SERVICE, "old", {"spec": {"replicas": 2}})
    with pytest.raises(KubectlError, match=r"spec\.image: images come from"):
        guarded.patch(SERVICE, "old", {"spec": {"image": FOREIGN + "1"}})
    with pytest.raises(KubectlError, match=r"metadata\.labels: required and missing: example.com/team"):
        guarded.patch(SERVICE, "old", {"metadata": {"labels": {"tier": "web"}}})
    guarded.delete(SERVICE, "old")


def test_policies_hold_for_the_servers_of_a_platform(guarded: Kubectl) -> None:
    servers = {"postgres": {"image": "registry.example/shop/postgres:17"}, "rabbitmq": {"image": FOREIGN}}
    with pytest.raises(KubectlError, match=r"spec\.rabbitmq\.image: images come from .* and not " + FOREIGN):
        guarded.apply(platform_of(servers), dry_run=True)
    guarded.apply(platform_of({"postgres": servers["postgres"]}), dry_run=True)
    with pytest.raises(KubectlError, match=r"spec\.postgres\.image: .* and not postgres:17"):
        guarded.apply(platform_of({"postgres": {}}), dry_run=True)


def platform_of(servers: dict[str, dict[str, str]]) -> dict[str, object]:
    return {
        "apiVersion": API_VERSION,
        "kind": "FleetPlatform",
        "metadata": {"name": "default"},
        "spec": servers,
    }


def labelled(image: str, labels: dict[str, str]) -> dict[str, object]:
    manifest = service(image, "new")
    return {**manifest, "metadata": {"name": "new", "labels": labels}}


def refusal(cluster: Kubectl, image: str, labels: dict[str, str]) -> str:
    """What the API server says against a new service; empty where it takes it."""
    try:
        cluster.apply(labelled(image, labels), dry_run=True)
    except KubectlError as refused:
        return refused.stderr
    return ""


def assert_refused(cluster: Kubectl) -> None:
    """Every policy is at work."""
    with pytest.raises(KubectlError, match="images come from"):
        cluster.apply(platform_of({"postgres": {}}), dry_run=True)
    assert refusal(cluster, FOREIGN, TEAM)
    assert refusal(cluster, ALLOWED, {})
