"""What others added to the operator's own lists and maps is found, and only that."""

from typing import Any

import pytest
from fastapi_fleet.resources.equality import holds
from fastapi_fleet.resources.manifest import Manifest, with_hash
from fastapi_fleet.resources.strays import removal_of_strays


def manifest(**content: object) -> Manifest:
    return with_hash({"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "hello"}, **content})


PORT = {"name": "http", "port": 8000, "protocol": "TCP"}
PEER = {"podSelector": {"matchLabels": {"app": "caller"}}}
OTHER_PEER = {"podSelector": {"matchLabels": {"app": "other"}}}
ENV = {"name": "OWN", "value": "1"}
OWNER = {"name": "theirs", "uid": "1"}
OTHER_OWNER = {"name": "ours", "uid": "2"}


@pytest.mark.parametrize(
    ("content", "live", "operations"),
    [
        pytest.param({"data": {"A": "1"}}, {"data": {"A": "1"}}, [], id="nothing added"),
        pytest.param({"data": {"A": "1"}}, {"data": {"A": "2"}}, [], id="a changed value is mended by applying"),
        pytest.param(
            {"data": {"A": "1"}},
            {"data": {"A": "1", "a/b~c": "2"}},
            [{"op": "remove", "path": "/data/a~1b~0c"}],
            id="key added to data",
        ),
        pytest.param(
            {"spec": {"selector": {"app": "hello"}}},
            {"spec": {"selector": {"app": "hello", "mine": "yes"}}},
            [{"op": "remove", "path": "/spec/selector/mine"}],
            id="label added to a selector",
        ),
        pytest.param(
            {"spec": {"ingress": [{"from": [PEER, OTHER_PEER]}]}},
            {"spec": {"ingress": [{"from": [PEER, {**OTHER_PEER, "namespaceSelector": {}}]}]}},
            [{"op": "replace", "path": "/spec/ingress", "value": [{"from": [PEER, OTHER_PEER]}]}],
            id="peer of a network policy made wider",
        ),
        pytest.param(
            {"spec": {"ingress": [{"from": [PEER]}]}},
            {"spec": {"ingress": [{"from": [PEER, OTHER_PEER]}]}},
            [{"op": "replace", "path": "/spec/ingress", "value": [{"from": [PEER]}]}],
            id="peer added to a network policy",
        ),
        pytest.param(
            {"spec": {"rules": [{"refs": [PORT]}, {"refs": []}]}},
            {"spec": {"rules": [{"refs": [PORT]}, {"refs": [PORT]}]}},
            [{"op": "replace", "path": "/spec/rules", "value": [{"refs": [PORT]}, {"refs": []}]}],
            id="item added to the second of two that have no name",
        ),
        pytest.param(
            {"spec": {"rules": [{"refs": []}]}},
            {"spec": {"rules": [{"refs": []}, {"refs": []}]}},
            [{"op": "replace", "path": "/spec/rules", "value": [{"refs": []}]}],
            id="item without a name added",
        ),
        pytest.param(
            {"spec": {"ports": [PORT]}},
            {"spec": {"ports": [{**PORT, "port": 9999}]}},
            [{"op": "replace", "path": "/spec/ports", "value": [PORT]}],
            id="port under another key",
        ),
        pytest.param(
            {"spec": {"containers": [{"name": "app", "env": [ENV]}]}},
            {"spec": {"containers": [{"name": "app", "env": [ENV, {"name": "MINE"}], "imagePullPolicy": "Always"}]}},
            [{"op": "replace", "path": "/spec/containers/0/env", "value": [ENV]}],
            id="variable added to a container",
        ),
        pytest.param(
            {"spec": {"containers": [{"name": "app", "securityContext": {"readOnlyRootFilesystem": True}}]}},
            {
                "spec": {
                    "containers": [
                        {"name": "app", "securityContext": {"readOnlyRootFilesystem": True, "privileged": True}}
                    ]
                }
            },
            [{"op": "remove", "path": "/spec/containers/0/securityContext/privileged"}],
            id="privilege added",
        ),
        pytest.param(
            {"spec": {"containers": [{"name": "app"}, {"name": "proxy"}]}},
            {"spec": {"containers": [{"name": "app"}]}},
            [],
            id="a removed item is mended by applying",
        ),
        pytest.param(
            {"spec": {"ingress": [{"from": [PEER, {"ipBlock": {"cidr": "192.0.2.0/24"}}]}]}},
            {"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}]}},
            [
                {
                    "op": "replace",
                    "path": "/spec/ingress",
                    "value": [{"from": [PEER, {"ipBlock": {"cidr": "192.0.2.0/24"}}]}],
                }
            ],
            id="peers that moved up are not made into what no peer is",
        ),
        pytest.param(
            {"spec": {"containers": [{"name": "app", "env": [ENV]}]}},
            {"spec": {"containers": [{"name": "app", "env": [{"name": "OWN", "valueFrom": {"secretKeyRef": {}}}]}]}},
            [{"op": "replace", "path": "/spec/containers/0/env/0", "value": ENV}],
            id="what excludes a field and was put in its place",
        ),
        pytest.param(
            {"spec": {"volumes": [{"name": "tmp", "configMap": {"name": "a"}}]}},
            {"spec": {"volumes": [{"name": "tmp", "configMap": {"name": "a", "defaultMode": 420}}]}},
            [],
            id="filled in by the API server",
        ),
        pytest.param(
            {"spec": {"livenessProbe": {"httpGet": {"path": "/"}}}},
            {"spec": {"livenessProbe": {"httpGet": {"path": "/"}, "failureThreshold": 3, "successThreshold": 9}}},
            [{"op": "remove", "path": "/spec/livenessProbe/successThreshold"}],
            id="another value than the API server fills in",
        ),
        pytest.param(
            {"spec": {"resources": {"requests": {}, "limits": {"memory": "1Gi"}}}},
            {"spec": {"resources": {"requests": {"memory": "1Gi", "cpu": "1"}, "limits": {"memory": "1Gi"}}}},
            [{"op": "remove", "path": "/spec/resources/requests/cpu"}],
            id="limit that the API server takes for the request",
        ),
        pytest.param(
            {"spec": {"parents": [{"name": "public"}, {"name": "public", "sectionName": "https"}]}},
            {"spec": {"parents": [{"name": "public"}, {"name": "public", "sectionName": "https"}]}},
            [],
            id="two of a name that differ otherwise",
        ),
        pytest.param(
            {"spec": {"template": {"metadata": {"annotations": {"own": "1"}}}}},
            {"spec": {"template": {"metadata": {"annotations": {"own": "1", "restartedAt": "now"}}}}},
            [],
            id="annotations are open to everybody",
        ),
        pytest.param(
            {},
            {"metadata": {"annotations": {"example.com/mine": "1", "fastapi-fleet.io/still-called": "users"}}},
            [{"op": "remove", "path": "/metadata/annotations/fastapi-fleet.io~1still-called"}],
            id="annotation of the operator's own group",
        ),
    ],
)
def test_strays_are_taken_out_and_nothing_else(
    content: dict[str, Any], live: dict[str, Any], operations: list[dict[str, Any]]
) -> None:
    assert removal_of_strays(live, manifest(**content)) == operations


@pytest.mark.parametrize(("kind", "operations"), [("NetworkPolicy", 1), ("Deployment", 0)])
def test_spec_of_a_policy_is_closed_and_that_of_a_workload_open(kind: str, operations: int) -> None:
    wanted = {**manifest(spec={"selector": {}}), "kind": kind}
    assert len(removal_of_strays({**wanted, "spec": {"selector": {}, "mine": True}}, wanted)) == operations


def test_an_object_with_strays_does_not_hold_its_manifest() -> None:
    wanted = manifest(data={"A": "1"})

    assert holds(wanted, wanted)
    assert not holds({**wanted, "data": {"A": "1", "MINE": "2"}}, wanted)


def test_what_nobody_can_change_in_a_job_is_left_as_admission_made_it() -> None:
    rule = {"action": "FailJob", "onExitCodes": {"values": [3]}}
    spec = {"template": {"spec": {"tolerations": []}}, "podFailurePolicy": {"rules": [rule]}}
    desired = manifest(kind="Job", spec={"backoffLimit": 2, **spec})
    made = {
        "template": {"spec": {"tolerations": [{"key": "spot"}]}},
        "podFailurePolicy": {"rules": [{**rule, "onPodConditions": None}]},
    }
    assert removal_of_strays({**desired, "spec": {"backoffLimit": 2, **made}}, desired) == []
    assert holds({**desired, "spec": {"backoffLimit": 2, **made}}, desired)
    assert not holds({**desired, "spec": {"backoffLimit": 3, **made}}, desired)


def test_foreign_owner_references_and_labels_are_no_strays() -> None:
    wanted = manifest(data={"A": "1"})
    metadata = wanted["metadata"] | {
        "labels": {"team": "a"},
        "finalizers": ["x"],
        "ownerReferences": [OWNER, OTHER_OWNER],
    }
    live = {**wanted, "metadata": metadata}
    wanted["metadata"]["ownerReferences"] = [OTHER_OWNER]

    assert removal_of_strays(live, wanted) == []
    assert holds(live, wanted)
