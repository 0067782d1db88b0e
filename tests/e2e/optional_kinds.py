"""Kinds that a cluster may lack, brought into that of the tests for a while."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from kubectl import Kubectl, Manifest

PUBLISHED: Final = Path(__file__).parents[3] / "shared" / "crds"
"""Definitions as their projects release them. Where the folder is not there, the least that serves stands in."""

NAMES: Final = {
    "httproutes.gateway.networking.k8s.io": "HTTPRoute",
    "servicemonitors.monitoring.coreos.com": "ServiceMonitor",
}


@contextmanager
def optional_kinds(cluster: Kubectl) -> Iterator[None]:
    """HTTPRoute and ServiceMonitor are served while the context lasts."""
    documents = "\n---\n".join(_definition(name) for name in NAMES)
    cluster.run("apply", "--server-side", "--filename=-", stdin=documents)
    try:
        cluster.run("wait", "--for=condition=Established", "crd", *NAMES)
        yield
    finally:
        cluster.run("delete", "crd", *NAMES)


def _definition(name: str) -> str:
    plural, _, group = name.partition(".")
    published = PUBLISHED / f"{group}_{plural}.yaml"
    return published.read_text() if published.exists() else json.dumps(_least(plural, group, NAMES[name]))


def _least(plural: str, group: str, kind: str) -> Manifest:
    """A definition that takes any spec and any status."""
    anything: dict[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": anything},
    }
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for tests alone"},
        },
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }
