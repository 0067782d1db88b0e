"""What an object becomes by an apply, told from who owns which of its fields."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fastapi_fleet.resources.equality import QUANTITY_FIELDS, contains
from fastapi_fleet.resources.strays import escaped, identities, is_list_of_maps, removal_of_strays

Fields = Mapping[str, Any]
"""As in metadata.managedFields: to `f:` and a field, or `k:` and what tells an item of a list, what is within."""


def fields_of(obj: Mapping[str, Any], is_applier: Callable[[Mapping[str, str]], bool]) -> Fields:
    """The fields that some of its writers applied. Those of them that a manifest lacks go with the next apply."""
    fields: Fields = {}
    for entry in obj["metadata"].get("managedFields") or ():
        if not entry.get("subresource") and is_applier(entry):
            fields = _union(fields, entry.get("fieldsV1") or {})
    return fields


def _union(one: Fields, other: Fields) -> Fields:
    return {**one, **{name: _union(one.get(name, {}), within) for name, within in other.items()}}


def applied(live: Any, manifest: Any, owned: Fields) -> Any:  # noqa: ANN401 - JSON data
    """The value after the apply: fields of other writers and defaults stay, owned ones that it lacks go."""
    if isinstance(live, Mapping) and isinstance(manifest, Mapping):
        kept = {name: value for name, value in live.items() if name not in manifest and f"f:{name}" not in owned}
        given = {name: _field(name, live.get(name), value, owned) for name, value in manifest.items()}
        return {**given, **kept}
    if is_list_of_maps(live) and is_list_of_maps(manifest):
        known = dict(pairs(live))
        return [applied(known.get(key), item, _of_item(item, owned)) for key, item in pairs(manifest)]
    return manifest


def _field(name: str, live: object, value: object, owned: Fields) -> object:
    """The API server writes a quantity in its own way: the same amount is no change."""
    if name in QUANTITY_FIELDS and contains({name: live}, {name: value}):
        return live
    return applied(live, value, owned.get(f"f:{name}", {}))


def _of_item(item: Mapping[str, object], owned: Fields) -> Fields:
    for name, within in owned.items():
        if name.startswith("k:") and json.loads(name[2:]).items() <= item.items():
            fields: Fields = within
            return fields
    return {}


def pairs(items: Sequence[Mapping[str, Any]]) -> Iterable[tuple[tuple[object, ...], Mapping[str, Any]]]:
    """Items with what tells them apart: where that tells nothing, where they stand."""
    keys = identities(items)
    is_told_apart = len(set(keys)) == len(keys)
    return zip(keys if is_told_apart else ((at,) for at in range(len(items))), items, strict=True)


def without_strays(live: Mapping[str, Any], manifest: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON data
    """What the operator leaves of a live object's maps and lists that are wholly its own."""
    operations = removal_of_strays(dict(live), dict(manifest))
    return _corrected(live, {item["path"]: item for item in operations}, "")


def _corrected(value: Any, operations: Mapping[str, Any], at: str) -> Any:  # noqa: ANN401 - JSON data
    if at in operations:
        return operations[at]["value"]
    if isinstance(value, Mapping):
        within = {name: f"{at}/{escaped(name)}" for name in value}
        removed = {path for path, operation in operations.items() if operation["op"] == "remove"}
        return {name: _corrected(value[name], operations, path) for name, path in within.items() if path not in removed}
    if isinstance(value, list):
        return [_corrected(item, operations, f"{at}/{number}") for number, item in enumerate(value)]
    return value
