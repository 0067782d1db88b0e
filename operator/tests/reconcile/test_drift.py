"""Whatever a hand does to a child is put right once, or was never the operator's: for every field of every kind.

The edits are found from the manifests themselves (support/edits.py); those that the API server refuses are passed over.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi_fleet.constants import ANNOTATION_HASH, LABEL_COMPONENT, LABEL_MANAGED_BY
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.kinds import CHILDREN, JOB, OPTIONAL, Object, key_of
from fastapi_fleet.reconcile.children import Children
from fastapi_fleet.resources.manifest import Manifest
from fastapi_fleet.resources.preflight_job import COMPONENT as PREFLIGHT
from support.api_rules import as_kept, refusal
from support.edits import Edit, edits_of, place_of
from support.fleet import Fleet
from support.kubernetes import Call, FakeKube
from support.resources import fastapi_service, fleet_platform

KINDS = [kind.name for kind in (*CHILDREN, *OPTIONAL)]
EVERY_FIELD = Path(__file__).parent.parent / "data" / "render" / "service-full" / "input.yaml"
PLATFORMS = (
    fleet_platform("default", postgres={}, rabbitmq={}),
    fleet_platform("managed", postgres={"mode": "CloudNativePG"}, rabbitmq={"mode": "ClusterOperator"}),
)

OPEN = frozenset(
    {
        *("metadata", "labels", "annotations", "ownerReferences", "ownerReferences[]"),
        *("spec", "template", "containers[]", "initContainers[]", "resources", "fieldRef"),
        *("behavior", "scaleUp", "scaleDown"),
        *("storage", "postgresql", "parameters", "persistence"),
    }
)
"""Where others may add: the API server, a controller or another writer fills these in. Every other place is closed."""

CLOSED_SPECS = frozenset({"NetworkPolicy", "PodDisruptionBudget"})
"""Kinds whose spec nobody may add to."""


def every_field() -> Object:
    """With empty texts too, which the API server keeps in some places and not in others."""
    spec: dict[str, Any] = yaml.safe_load(EVERY_FIELD.read_text())["resource"]["spec"]
    pod = spec["pod"]
    return spec | {
        "config": {**spec["config"], "EMPTY_TEXT": ""},
        "pod": {**pod, "labels": {**pod["labels"], "empty": ""}, "nodeSelector": {**pod["nodeSelector"], "empty": ""}},
        "rollout": {name: value for name, value in spec["rollout"].items() if name != "rollbackTo"},
        "serviceAccount": {"annotations": {"cloud.example/role": "shop"}},
        "database": {**spec["database"], "migrations": {"command": ["alembic", "upgrade", "head"]}},
    }


SHOP = fastapi_service(**every_field())
USERS = fastapi_service("users", port=9000)


MADE_FROM = (("metadata", "annotations"), ("metadata", "annotations", ANNOTATION_HASH))


def named(kind: str, name: str) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "team"}}


async def furnished() -> Fleet:
    """Every kind of child: of a service that sets every field of its spec, and of two platforms."""
    fleet = Fleet()
    fleet.kube.served |= {kind.name for kind in OPTIONAL}
    await fleet.optional_kinds.look()
    for name in ("vendor", "extra", "tokens", "keys"):
        fleet.kube.create({**named("Secret", name), "data": {"api-key": "eA==", "token": "eA=="}})
    for name in ("modes", "shared", "rules"):
        fleet.kube.create({**named("ConfigMap", name), "data": {"mode": "fast"}})
    await fleet.submit(*PLATFORMS, USERS, SHOP)
    await fleet.roll_out()
    await fleet.roll_out()
    return fleet


async def rendered() -> dict[str, list[Manifest]]:
    fleet = await furnished()
    found: dict[str, list[Manifest]] = {}
    for manifest in fleet.kube.manifests():
        if manifest["metadata"]["name"] != USERS["metadata"]["name"]:
            found.setdefault(manifest["kind"], []).append(manifest)
    return found


@pytest.fixture(scope="module")
def manifests() -> dict[str, list[Manifest]]:
    """Those of each kind."""
    return asyncio.run(rendered())


class Holder:
    """One child in a cluster, and what holds it to its manifest."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._cache = ObjectCache()
        self.kube = FakeKube()
        self.kube.served |= {manifest["kind"]}
        self.children = Children(self.kube, self._cache)

    @classmethod
    async def of(cls, manifest: Manifest) -> "Holder":
        holder = cls(manifest)
        await holder.hold()
        return holder

    @property
    def child(self) -> Object:
        return self.kube.object(key_of(self._manifest))

    async def hold(self) -> list[Call]:
        """The writes that it took."""
        self.kube.writes.clear()
        if self.kube.has(key_of(self._manifest)):
            self._cache.put(self.child)
        await self.children.apply([self._manifest], {})
        return list(self.kube.writes)


async def fault(holder: Holder, edit: Edit) -> str | None:
    """What is wrong with what becomes of the edit. None where nothing is, or where it is no change."""
    before = holder.child
    edited = as_kept(edit.applied_to(before))
    if edited == before or refusal(before, edited):
        return None
    holder.kube.replace(edited)
    wanted = edited if may_stay(edit, before["kind"]) else before
    await holder.hold()
    if content(holder.child) != content(wanted):
        return f"{edit}: {'taken away' if wanted is edited else 'not put right'}"
    again = await holder.hold()
    if wanted is edited:
        holder.kube.replace(before)
    return f"{edit}: written again and again: {again}" if again else None


async def faults(manifest: Manifest) -> list[str]:
    """Each edit on what the one before has left: nothing."""
    found = []
    holder = await Holder.of(manifest)
    for edit in edits_of(manifest):
        if not is_another_object(edit, manifest["kind"]) and (said := await fault(holder, edit)):
            found.append(said)
            holder = await Holder.of(manifest)
    return found


def content(obj: Object) -> Object:
    """The object without what moves with each write."""
    metadata = {key: obj["metadata"].get(key) for key in ("name", "labels", "annotations", "ownerReferences")}
    return {key: value for key, value in obj.items() if key != "status"} | {"metadata": metadata}


def may_stay(edit: Edit, kind: str) -> bool:
    is_closed = edit.path == ("spec",) and kind in CLOSED_SPECS
    is_open = not edit.path or place_of(edit.path) in OPEN
    return edit.verb in {"add", "append", "insert"} and is_open and not is_closed


def is_another_object(edit: Edit, kind: str) -> bool:
    """By its name, or by whose it is: tests of ownership see to that. A Job also by what it was made from."""
    if kind == JOB.name and (*edit.path, edit.name)[:3] in MADE_FROM:
        return True
    identity = {"metadata": {"name", "namespace"}, "ownerReferences[]": {"apiVersion", "kind", "name", "uid"}}
    return (not edit.path and edit.name in {"apiVersion", "kind", "metadata"}) or (
        edit.name in identity.get(place_of(edit.path), ()) and edit.path[0] == "metadata"
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_whatever_a_hand_changes_is_put_right_once(manifests: dict[str, list[Manifest]], kind: str) -> None:
    assert [found for manifest in manifests[kind] for found in await faults(manifest)] == []


def is_looked_for(child: Object) -> bool:
    """All but the Job of a preflight that the watch does not show, once what it checked runs."""
    labels: dict[str, str] = child["metadata"]["labels"]
    return LABEL_MANAGED_BY in labels or labels[LABEL_COMPONENT] != PREFLIGHT


MARKS = {
    "mark that the watch selects by": lambda child: child["metadata"]["labels"].pop(LABEL_MANAGED_BY),
    "another component": lambda child: child["metadata"]["labels"].update({LABEL_COMPONENT: "mine"}),
    "orphan": lambda child: child["metadata"].pop("ownerReferences", None),
}


@pytest.mark.parametrize("change", MARKS.values(), ids=MARKS.keys())
async def test_pass_holds_every_child_of_its_owner(change: Callable[[Object], object]) -> None:
    fleet = await furnished()
    for key in map(key_of, fleet.kube.manifests()):
        before = fleet.kube.object(key)
        fleet.kube.edit(key, change)
        edited = fleet.kube.object(key)
        await fleet.settle()
        assert content(fleet.kube.object(key)) == content(before if is_looked_for(edited) else edited)
        assert [write for write in await fleet.pass_over(SHOP) if write.verb != "patch_status"] == []
