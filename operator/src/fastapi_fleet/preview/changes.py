"""Changes of objects, field by field, as people and programs are told of them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from fastapi_fleet.constants import ANNOTATION_HASH, FIELD_MANAGER
from fastapi_fleet.kube.kinds import DEPLOYMENT, SECRET, STATEFUL_SET, Object
from fastapi_fleet.preview.applied import applied, fields_of, pairs, without_strays
from fastapi_fleet.resources.manifest import Manifest
from fastapi_fleet.resources.strays import is_list_of_maps

HIDDEN: Final = "(hidden)"
"""Stands for every value of a Secret: that it changes is told, and no more."""

_WORD = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class FieldChange:
    """`before` or `after` is None where the field is not there."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class ObjectChange:
    """`fields`: of an object that is there and stays. Empty where it is written again and nothing in it changes.

    `restarts`: whether its pods are replaced.
    """

    action: Literal["create", "change", "delete"]
    kind: str
    namespace: str
    name: str
    fields: tuple[FieldChange, ...] = ()
    restarts: bool = False


def creation(manifest: Manifest) -> ObjectChange:
    return ObjectChange("create", *_identity(manifest))


def deletion(live: Object) -> ObjectChange:
    return ObjectChange("delete", *_identity(live))


def change(live: Object, manifest: Manifest) -> ObjectChange:
    """Of a child that does not hold its manifest."""
    owned = fields_of(live, lambda entry: entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply")
    after = applied(without_strays(live, manifest), manifest, owned)
    told = [item for item in differences(_told(live), _told(after)) if item.before is not None or item.after]
    if manifest["kind"] == SECRET.name:
        told = [FieldChange(item.field, _hidden(item.before), _hidden(item.after)) for item in told]
    has_pods = manifest["kind"] in {DEPLOYMENT.name, STATEFUL_SET.name}
    restarts = has_pods and any(item.field.startswith("spec.template.") for item in told)
    return ObjectChange("change", *_identity(manifest), tuple(told), restarts)


def differences(before: Any, after: Any, field: str = "") -> Iterator[FieldChange]:  # noqa: ANN401 - JSON data
    """The smallest parts that differ, in the order in which they stand."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in {**before, **after}:
            yield from differences(before.get(name), after.get(name), _within(field, name))
    elif is_list_of_maps(before) and is_list_of_maps(after):
        yield from _differences_of_items(dict(pairs(before)), dict(pairs(after)), field)
    elif before != after:
        yield FieldChange(field, before, after)


def _differences_of_items(before: dict[Any, Any], after: dict[Any, Any], field: str) -> Iterator[FieldChange]:
    for number, key in enumerate({**before, **after}):
        item = before.get(key) or after.get(key) or {}
        yield from differences(before.get(key), after.get(key), f"{field}[{item.get('name', number)}]")
    stay = before.keys() & after.keys()
    order = [[key for key in items if key in stay] for items in (before, after)]
    if order[0] != order[1]:
        named = [[before[key].get("name", json.dumps(before[key])) for key in keys] for keys in order]
        yield FieldChange(f"{field} (order)", *named)


def _within(field: str, name: str) -> str:
    if not _WORD.fullmatch(name):
        return f"{field}[{name}]"
    return f"{field}.{name}" if field else name


def _told(obj: Object) -> Object:
    """What a manifest may say, but for its hash, which changes with whatever else does."""
    metadata = obj["metadata"]
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop(ANNOTATION_HASH, None)
    told = {"labels": metadata.get("labels") or {}, "annotations": annotations}
    owners = {"ownerReferences": metadata["ownerReferences"]} if "ownerReferences" in metadata else {}
    parts = {name: part for name, part in obj.items() if name not in {"apiVersion", "kind", "metadata", "status"}}
    return {"metadata": {**told, **owners}, **parts}


def _hidden(value: object) -> str | None:
    return None if value is None else HIDDEN


def _identity(obj: Object) -> tuple[str, str, str]:
    return obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"]
