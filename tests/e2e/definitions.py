"""Kinds of other projects: as published where those definitions are at hand, else minimal ones of the fields used."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kubectl import Kubectl, Resource

MINIMAL: Final = Path(__file__).parent / "crds"

PUBLISHED: Final = Path(os.environ.get("PUBLISHED_CRDS", Path(__file__).parents[3] / "shared" / "crds"))
"""Files by the names that controller-gen gives them: GROUP_PLURAL.yaml."""

ESTABLISHED_SECONDS: Final = 30.0

GATEWAY_API: Final = ("gateway.networking.k8s.io_httproutes",)
PROMETHEUS: Final = ("monitoring.coreos.com_servicemonitors",)


@contextmanager
def installed(cluster: Kubectl, names: Sequence[str]) -> Iterator[None]:
    """The definitions, in a cluster that had none of them and has none afterwards."""
    for name in names:
        assert cluster.get("crd", crd_name(name)) is None, f"{name} is in the cluster, and not of these tests"
    try:
        for name in names:
            cluster.run("create", f"--filename={definition_file(name)}")
            cluster.await_state("crd", crd_name(name), is_established, timeout=ESTABLISHED_SECONDS)
        yield
    finally:
        remove(cluster, names)


def is_established(definition: Resource) -> bool:
    """False also where nobody has looked at it yet, on which `kubectl wait` fails."""
    conditions = (definition.get("status") or {}).get("conditions") or ()
    return any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions)


def remove(cluster: Kubectl, names: Sequence[str]) -> None:
    """The definitions with all objects of theirs; no error where they are gone."""
    for name in names:
        cluster.delete("crd", crd_name(name))


def definition_file(name: str) -> Path:
    published = PUBLISHED / f"{name}.yaml"
    return published if published.exists() else MINIMAL / f"{name}.yaml"


def crd_name(name: str) -> str:
    """`httproutes.gateway.networking.k8s.io` of `gateway.networking.k8s.io_httproutes`."""
    group, _, plural = name.partition("_")
    return f"{plural}.{group}"
