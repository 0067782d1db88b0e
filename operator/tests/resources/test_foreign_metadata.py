"""Tools track objects by labels and annotations of their own: none of the owner's reaches a child."""

from typing import Any

import pytest
from fastapi_fleet.reconcile.ownership import owner_from
from fastapi_fleet.reconcile.parse import parse_platform, parse_service
from support.rendering import rendered_platform, rendered_service
from support.resources import fastapi_service, fleet_platform

FOREIGN = {
    "labels": {
        "argocd.argoproj.io/instance": "foreign-value",
        "app.kubernetes.io/instance": "foreign-value",
        "kustomize.toolkit.fluxcd.io/name": "foreign-value",
        "helm.toolkit.fluxcd.io/name": "foreign-value",
        "app.kubernetes.io/managed-by": "foreign-value",
    },
    "annotations": {
        "argocd.argoproj.io/tracking-id": "foreign-value",
        "meta.helm.sh/release-name": "foreign-value",
        "kubectl.kubernetes.io/last-applied-configuration": "foreign-value",
        "helm.sh/hook": "foreign-value",
    },
    "finalizers": ["foreign-value"],
    "ownerReferences": [{"kind": "App", "name": "foreign-value", "uid": "foreign-value"}],
}


def with_foreign_metadata(resource: dict[str, Any]) -> dict[str, Any]:
    return {**resource, "metadata": {**resource["metadata"], **FOREIGN}}


def test_none_reaches_a_child_of_a_service() -> None:
    resource = with_foreign_metadata(
        fastapi_service(config={"A": "b"}, database={}, secrets=[{"env": "K", "generate": True}], monitoring={})
    )
    rendered = rendered_service(parse_service(resource), owner_from(resource)).all
    assert len(rendered) == 7
    assert "foreign-value" not in str(rendered)


def test_none_reaches_a_child_of_a_platform() -> None:
    resource = with_foreign_metadata(fleet_platform(postgres={}, rabbitmq={}))
    rendered = rendered_platform(parse_platform(resource), owner_from(resource))
    assert len(rendered) == 8
    assert "foreign-value" not in str(rendered)


def test_owner_of_another_api_version_is_refused() -> None:
    with pytest.raises(ValueError, match="v1beta1"):
        owner_from({**fastapi_service(), "apiVersion": "fastapi-fleet.io/v1beta1"})
