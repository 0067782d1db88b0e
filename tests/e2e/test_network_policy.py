"""The network is closed but for declared calls, and what serves goes on serving."""

from typing import Any

import pytest
from eventually import eventually
from fleet import SERVICE, Images, await_ready, get_json, platform, service, start
from kubectl import Kubectl, KubectlError


def spec_of(cluster: Kubectl, name: str) -> Any:
    policy = cluster.get("networkpolicy", name)
    assert policy is not None
    return policy["spec"]


def assert_lets_in(cluster: Kubectl, callee: str, *callers: str) -> None:
    rules = spec_of(cluster, callee).get("ingress", [])
    expressions = [item for rule in rules for peer in rule["from"] for item in peer["podSelector"]["matchExpressions"]]
    assert [name for item in expressions for name in item["values"]] == list(callers)


def test_service_lets_in_its_callers_as_they_come_and_go(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1))
    assert_lets_in(cluster, "hello")
    start(cluster, service(images.v1, "caller", services=[{"name": "hello", "env": "HELLO_URL"}]))
    eventually(lambda: assert_lets_in(cluster, "hello", "caller"), 20)
    cluster.patch(SERVICE, "caller", {"spec": {"services": []}})
    eventually(lambda: assert_lets_in(cluster, "hello"), 20)
    assert get_json(cluster, "/version")


def test_hand_made_hole_is_closed(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1, networkPolicy={"fromNamespaces": ["ingress-nginx"]}))
    wanted = spec_of(cluster, "hello")
    cluster.patch("networkpolicy", "hello", {"spec": {"ingress": [{}], "egress": [{}]}})

    def assert_closed() -> None:
        assert spec_of(cluster, "hello") == wanted

    eventually(assert_closed, 20)


def test_policies_go_when_they_are_switched_off(cluster: Kubectl, images: Images) -> None:
    cluster.apply(platform(images))
    start(cluster, service(images.v1))
    eventually(lambda: spec_of(cluster, "default-postgres"), 20)
    cluster.patch(SERVICE, "hello", {"spec": {"networkPolicy": {"enabled": False}}})
    cluster.patch("fleetplatform", "default", {"spec": {"networkPolicy": {"enabled": False}}})
    for name in ("hello", "default-postgres", "default-rabbitmq"):
        cluster.await_absence("networkpolicy", name)
    await_ready(cluster)


@pytest.mark.parametrize(
    ("peer", "named"),
    [
        ({"cidr": "192.0.2.0/24", "namespace": "team"}, "a peer is a cidr, or pods"),
        ({}, "a peer is a cidr, or pods"),
        ({"cidr": "anywhere"}, "spec.networkPolicy.from[0].cidr"),
        ({"namespace": "Team"}, "spec.networkPolicy.from[0].namespace"),
        ({"podLabels": {"app": "not a value"}}, "spec.networkPolicy.from[0].podLabels"),
    ],
)
def test_peer_that_means_nothing_is_refused(
    shared_cluster: Kubectl, images: Images, peer: dict[str, Any], named: str
) -> None:
    with pytest.raises(KubectlError) as refused:
        shared_cluster.apply(service(images.v1, networkPolicy={"from": [peer]}), dry_run=True)
    assert named in refused.value.stderr
