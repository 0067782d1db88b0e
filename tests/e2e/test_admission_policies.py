"""Rules of the house: the API server refuses what the chart's admission policies forbid, and names the field."""

from collections.abc import Iterator

import pytest
from eventually import eventually
from fleet import API_VERSION, SERVICE, service
from kubectl import Kubectl, KubectlError, Manifest
from release import Release

TEAM = {"example.com/team": "shop"}
ALLOWED = "registry.example/shop/users:1.0"
FOREIGN = "registry.example.org/users:1.0"
EXTERNAL: dict[str, object] = {"mode": "External", "external": {"adminSecretRef": {"name": "db"}}}
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
    foreign = refusal(guarded, labelled(FOREIGN, TEAM))
    assert f"spec.image: images come from registry.example/shop, mirror.example only, and not {FOREIGN}" in foreign
    unlabelled = refusal(guarded, labelled(ALLOWED, {"tier": "web"}))
    assert "metadata.labels: required and missing: example.com/team" in unlabelled
    assert refusal(guarded, labelled(ALLOWED, TEAM)) == ""
    guarded.patch(SERVICE, "old", {"spec": {"replicas": 2}})
    with pytest.raises(KubectlError, match=r"spec\.image: images come from"):
        guarded.patch(SERVICE, "old", {"spec": {"image": FOREIGN + "1"}})
    with pytest.raises(KubectlError, match=r"metadata\.labels: required and missing: example.com/team"):
        guarded.patch(SERVICE, "old", {"metadata": {"labels": {"tier": "web"}}})
    guarded.delete(SERVICE, "old")


def test_policies_hold_for_containers_beside_the_service(guarded: Kubectl) -> None:
    sidecars = [{"name": "cache", "image": ALLOWED}, {"name": "proxy", "image": FOREIGN}]
    refused = refusal(guarded, labelled(ALLOWED, TEAM, pod={"sidecars": sidecars}))
    assert "spec.pod.sidecars[].image: images come from" in refused
    assert f"and not {FOREIGN}" in refused
    assert refusal(guarded, labelled(ALLOWED, TEAM, pod={"sidecars": sidecars[:1]})) == ""


def test_policies_hold_for_the_servers_of_a_platform(guarded: Kubectl) -> None:
    allowed: dict[str, object] = {"image": "registry.example/shop/postgres:17"}
    foreign = refusal(guarded, platform_of({"postgres": allowed, "rabbitmq": {"image": FOREIGN}}))
    assert "spec.rabbitmq.image: images come from" in foreign
    assert f"and not {FOREIGN}" in foreign
    assert "and not postgres:17" in refusal(guarded, platform_of({"postgres": {}}))
    assert refusal(guarded, platform_of({"postgres": allowed})) == ""
    assert refusal(guarded, platform_of({"postgres": EXTERNAL})) == ""
    managed: dict[str, object] = {"mode": "CloudNativePG", "cloudNativePG": {"image": FOREIGN}}
    assert "spec.postgres.cloudNativePG.image: images come from" in refusal(guarded, platform_of({"postgres": managed}))


def platform_of(servers: dict[str, dict[str, object]]) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": "FleetPlatform",
        "metadata": {"name": "default"},
        "spec": servers,
    }


def labelled(image: str, labels: dict[str, str], **spec: object) -> Manifest:
    manifest = service(image, "new", **spec)
    return {**manifest, "metadata": {"name": "new", "labels": labels}}


def refusal(cluster: Kubectl, manifest: Manifest) -> str:
    """What the API server says against a new object; empty where it takes it."""
    try:
        cluster.apply(manifest, dry_run=True)
    except KubectlError as refused:
        return refused.stderr
    return ""


def assert_refused(cluster: Kubectl) -> None:
    """Every policy is at work."""
    assert refusal(cluster, labelled(FOREIGN, TEAM))
    assert refusal(cluster, labelled(ALLOWED, {}))
    assert refusal(cluster, platform_of({"postgres": {}}))
