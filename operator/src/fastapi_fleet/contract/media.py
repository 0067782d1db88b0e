"""Differences of what a body is written as."""

from collections.abc import Iterator

from fastapi_fleet.contract.change import Change, Pair
from fastapi_fleet.contract.document import Node
from fastapi_fleet.contract.findings import Direction
from fastapi_fleet.contract.rules import RULES
from fastapi_fleet.contract.schemas import SchemaComparison

_FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


def media_changes(before: Node, after: Node, direction: Direction) -> Iterator[Change]:
    old, new = _media(before), _media(after)
    for name in sorted(old.keys() | new.keys()):
        one, other = _covering(old, name), _covering(new, name)
        if other is None and one is not None:
            yield Change(RULES[f"{direction}-media-type-removed"], one.place, detail=name)
        elif one is None and other is not None:
            yield Change(RULES[f"{direction}-media-type-added"], other.place, detail=name)
        elif one is not None and other is not None:
            yield from SchemaComparison(direction, textual=name in _FORMS).compare(_schemas(one, other))


def _media(holder: Node) -> dict[str, Node]:
    """Without parameters such as charset, which say nothing of the form."""
    content = holder.get("content")
    found = content.children() if content is not None else {}
    return {name.partition(";")[0].strip().lower(): place for name, place in found.items()}


def _covering(media: dict[str, Node], name: str) -> Node | None:
    ranges = (name, f"{name.partition('/')[0]}/*", "*/*")
    return next((media[candidate] for candidate in ranges if candidate in media), None)


def _schemas(one: Node, other: Node) -> Pair:
    before, after = one.get("schema"), other.get("schema")
    return Pair((before,) if before is not None else (), (after,) if after is not None else ())
