"""What every manifest has in common: owner, labels, hashes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi_fleet.constants import (
    ANNOTATION_HASH,
    API_VERSION,
    LABEL_COMPONENT,
    LABEL_MANAGED_BY,
    LABEL_NAME,
    LABEL_OWNER_KIND,
    LABEL_OWNER_NAME,
    MANAGED_BY,
)

Manifest = dict[str, Any]
"""A Kubernetes object as plain JSON data."""


@dataclass(frozen=True)
class Owner:
    """The custom resource that children belong to."""

    kind: str
    namespace: str
    name: str
    uid: str


def child(owner: Owner, *, api_version: str, kind: str, name: str, component: str, app: str | None = None) -> Manifest:
    """Identity of a child that is garbage collected with its owner. `app`: what it is part of, itself by default.

    Labels and annotations of the owner are never copied: tools such as Argo CD, Helm and Flux track objects by theirs.
    """
    manifest = retained_child(owner, api_version=api_version, kind=kind, name=name, component=component, app=app)
    manifest["metadata"]["ownerReferences"] = [owner_reference(owner)]
    return manifest


def retained_child(
    owner: Owner, *, api_version: str, kind: str, name: str, component: str, app: str | None = None
) -> Manifest:
    """Identity of a child that outlives its owner, because data that is kept depends on it."""
    labels = child_labels(owner, app or name, component)
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": owner.namespace, "labels": labels},
    }


def owner_reference(owner: Owner) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": owner.kind,
        "name": owner.name,
        "uid": owner.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def child_labels(owner: Owner, app: str, component: str) -> dict[str, str]:
    return {
        LABEL_NAME: app,
        LABEL_COMPONENT: component,
        LABEL_MANAGED_BY: MANAGED_BY,
        LABEL_OWNER_KIND: owner.kind,
        LABEL_OWNER_NAME: owner.name,
    }


def selector_labels(app: str, component: str) -> dict[str, str]:
    """Labels that select pods. A Deployment's selector is immutable: these never change."""
    return {LABEL_NAME: app, LABEL_COMPONENT: component, LABEL_MANAGED_BY: MANAGED_BY}


def annotation_of(obj: Mapping[str, Any], name: str) -> str | None:
    """None where it is not there: a hand may have taken away all of them."""
    annotations: Mapping[str, str] = obj.get("metadata", {}).get("annotations") or {}
    return annotations.get(name)


def label_of(obj: Mapping[str, Any], name: str) -> str | None:
    """None where it is not there: a hand may have taken away all of them."""
    labels: Mapping[str, str] = obj.get("metadata", {}).get("labels") or {}
    return labels.get(name)


def content_hash(content: object) -> str:
    """16 hexadecimal digits that change when JSON content does; key order does not matter."""
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()[:16]


def canonical_json(content: object) -> str:
    """The one text of JSON content; key order does not matter."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def with_hash(manifest: Manifest) -> Manifest:
    """The manifest with its own hash as an annotation."""
    metadata = manifest["metadata"]
    annotations: Mapping[str, str] = metadata.get("annotations", {})
    stamped = {**annotations, ANNOTATION_HASH: content_hash(manifest)}
    return {**manifest, "metadata": {**metadata, "annotations": stamped}}
