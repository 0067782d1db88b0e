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
            [{"op": "remove", "path": "/spec/ingress/0/from/1/namespaceSelector"}],
            id="peer of a network policy made wider",
        ),
        pytest.param(
            {"spec": {"ingress": [{"from": [PEER]}]}},
            {"spec": {"ingress": [{"from": [PEER, OTHER_PEER]}]}},
            [{"op": "replace", "path": "/spec/ingress/0/from", "value": [PEER]}],
            id="peer added to a network policy",
        ),
        pytest.param(
            {"spec": {"rules": [{"refs": [PORT]}, {"refs": []}]}},
            {"spec": {"rules": [{"refs": [PORT]}, {"refs": [PORT]}]}},
            [{"op": "replace", "path": "/spec/rules/1/refs", "value": []}],
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


def test_an_object_with_strays_does_not_hold_its_manifest() -> None:
    wanted = manifest(data={"A": "1"})

    assert holds(wanted, wanted)
    assert not holds({**wanted, "data": {"A": "1", "MINE": "2"}}, wanted)


def test_foreign_owner_references_and_labels_are_no_strays() -> None:
    wanted = manifest(data={"A": "1"})
    live = {**wanted, "metadata": {**wanted["metadata"], "labels": {"team": "a"}, "finalizers": ["x"]}}

    assert removal_of_strays(live, wanted) == []
    assert holds(live, wanted)
