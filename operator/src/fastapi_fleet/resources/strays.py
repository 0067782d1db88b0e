"""What somebody else put into what is wholly the operator's, and how to take it out again.

Server-side apply removes only fields of its own manager: an added port, variable or selector label would stay for ever.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from fastapi_fleet.constants import GROUP
from fastapi_fleet.resources.manifest import Manifest

JsonPatch = list[dict[str, Any]]

EXCLUSIVE_MAPS = frozenset({"selector", "matchLabels", "data", "requests", "limits", "securityContext", "capabilities"})
"""Maps in which a key that the manifest lacks changes what runs. Labels and annotations are open to everybody,
but for annotations of the operator's own group."""

EXCLUSIVE_ITEMS = frozenset({"from", "to", "ingress", "egress"})
"""Lists whose items are the same kind of map: a further condition in one lets others through."""

_IDENTITY = ("name", "containerPort", "port", "protocol", "mountPath", "topologyKey")
"""Fields by which the API tells the items of a list apart."""


def removal_of_strays(live: Manifest, desired: Manifest) -> JsonPatch:
    """JSON Patch (RFC 6902) that takes strays out of `live`; empty where there are none.

    Fields with another value are not its concern: applying the manifest mends those.
    """
    wanted = {key: value for key, value in desired.items() if key not in {"apiVersion", "kind", "metadata"}}
    return [*_annotations(live, desired), *_strays(live, wanted, "")]


def _annotations(live: Manifest, desired: Manifest) -> Iterator[dict[str, Any]]:
    """Of the operator's own group: a pass would take them for its own."""
    there, wanted = (obj.get("metadata", {}).get("annotations") or {} for obj in (live, desired))
    for key in there:
        if key.startswith(f"{GROUP}/") and key not in wanted:
            yield {"op": "remove", "path": f"/metadata/annotations/{escaped(key)}"}


def _strays(live: object, desired: object, path: str) -> Iterator[dict[str, Any]]:
    if isinstance(live, Mapping) and isinstance(desired, Mapping):
        if _is_exclusive(path):
            yield from ({"op": "remove", "path": f"{path}/{escaped(key)}"} for key in live if key not in desired)
        for key, value in desired.items():
            if key in live:
                yield from _strays(live[key], value, f"{path}/{escaped(key)}")
    elif is_list_of_maps(live) and is_list_of_maps(desired):
        wanted = identities(desired)
        if any(identity not in wanted for identity in identities(live)):
            yield {"op": "replace", "path": path, "value": desired}
        else:
            for at, (identity, item) in enumerate(zip(identities(live), live, strict=True)):
                yield from _strays(item, desired[wanted.index(identity)], f"{path}/{at}")


def _is_exclusive(path: str) -> bool:
    steps = path.split("/")
    return steps[-1] in EXCLUSIVE_MAPS or (len(steps) > 1 and steps[-2] in EXCLUSIVE_ITEMS)


def is_list_of_maps(value: object) -> TypeGuard[Sequence[Mapping[str, object]]]:
    return (
        isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(item, Mapping) for item in value)
    )


def identities(items: Sequence[Mapping[str, object]]) -> list[tuple[object, ...]]:
    """Items that have none of the fields are told apart by where they stand."""
    return [_identity(item) or (at,) for at, item in enumerate(items)]


def _identity(item: Mapping[str, object]) -> tuple[object, ...]:
    identity = tuple(item.get(field) for field in _IDENTITY)
    return () if all(value is None for value in identity) else identity


def escaped(key: str) -> str:
    """A key as one step of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
