"""Whatever a hand can do to an object, field by field: found from its manifest, so that no field is forgotten."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.resources.manifest import Manifest

from support.api_rules import CHOICES
from support.json_copy import copied

STRAY = "stray"

Path = tuple[str | int, ...]
Change = Callable[[Any], Any]

_FOR: dict[str, Any] = {"value": STRAY, "name": STRAY, "number": 1, "minAvailable": 1, "maxUnavailable": 1}
"""What is put into a field that is no map."""

_LISTS_OF_TEXTS = frozenset({"args", "command", "hostnames"})

_IDENTITY = frozenset({"name", "containerPort", "port", "mountPath", "topologyKey", "uid"})


@dataclass(frozen=True)
class Edit:
    """`change` makes another map or list of the one at `path`; `name` is the key or index in it that it is about."""

    verb: str
    path: Path
    name: str | int
    change: Change

    def applied_to(self, obj: Object) -> Object:
        edited = copied(obj)
        if not self.path:
            changed: Object = self.change(edited)
            return changed
        holder: Any = edited
        for step in self.path[:-1]:
            holder = holder[step]
        there = holder.get(self.path[-1]) if isinstance(holder, dict) else holder[self.path[-1]]
        holder[self.path[-1]] = self.change(there)
        return edited

    def __str__(self) -> str:
        return f"{self.verb} /{'/'.join(map(str, (*self.path, self.name)))}"


def edits_of(manifest: Manifest) -> Iterator[Edit]:
    """Each value changed, removed or put under a field that excludes its own; each list and map with something more."""
    return _edits(manifest, ())


def place_of(path: Path) -> str:
    """The field that a path ends with, with brackets for an item of a list."""
    if path and isinstance(path[-1], int):
        return f"{path[-2]}[]"
    return str(path[-1]) if path else ""


def _edits(value: Any, path: Path) -> Iterator[Edit]:
    if isinstance(value, dict):
        yield from _edits_of_map(value, path)
    elif isinstance(value, list):
        yield from _edits_of_list(value, path)


def _edits_of_map(value: dict[str, Any], path: Path) -> Iterator[Edit]:
    for key, inner in value.items():
        if inner not in ([], {}):
            yield Edit("remove", path, key, _without(key))
        if not isinstance(inner, dict | list):
            yield Edit("change", path, key, _with(key, _another(inner)))
        yield from _edits(inner, (*path, key))
    yield Edit("add", path, STRAY, _with(STRAY, STRAY))
    choice = CHOICES.get(place_of(path))
    for chosen in sorted(choice.fields & value.keys()) if choice else ():
        for other in sorted(choice.fields - {chosen}) if choice else ():
            yield Edit("swap", path, f"{chosen} for {other}", _swapped(chosen, other))


def _edits_of_list(value: list[Any], path: Path) -> Iterator[Edit]:
    for at, item in enumerate(value):
        yield Edit("remove", path, at, _spliced(at))
        if not isinstance(item, dict | list):
            yield Edit("change", path, at, _spliced(at, _another(item)))
        yield from _edits(item, (*path, at))
    if len(value) > 1:
        yield Edit("reverse", path, "", lambda there: there[::-1])
    new = _item_of(value, str(path[-1]))
    yield Edit("append", path, len(value), lambda there: [*(there or ()), new])
    yield Edit("insert", path, 0, lambda there: [new, *(there or ())])


def _with(key: str, value: Any) -> Change:
    return lambda there: {**(there or {}), key: value}


def _without(key: str) -> Change:
    return lambda there: {name: value for name, value in there.items() if name != key}


def _swapped(chosen: str, other: str) -> Change:
    value = _FOR.get(other, {STRAY: STRAY})
    return lambda there: {**{name: inner for name, inner in there.items() if name != chosen}, other: value}


def _spliced(at: int, *items: Any) -> Change:
    return lambda there: [*there[:at], *items, *there[at + 1 :]]


def _another(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case _:
            return f"{value}-{STRAY}"


def _item_of(items: list[Any], name: str) -> Any:
    """One more for the list, which the API server tells from the others."""
    if not items:
        return STRAY if name in _LISTS_OF_TEXTS else {"name": STRAY, **_needed(f"{name}[]")}
    if not isinstance(items[0], dict):
        return _another(items[0])
    changed = {key: _another(value) for key, value in items[0].items() if key in _IDENTITY}
    return {**copied(items[0]), **changed, **({"controller": False} if "controller" in items[0] else {})}


def _needed(place: str) -> dict[str, Any]:
    choice = CHOICES.get(place)
    return {min(choice.fields): {STRAY: STRAY}} if choice and choice.is_needed else {}
