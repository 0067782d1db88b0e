"""What a schema says besides the values that it allows."""

from collections.abc import Mapping

from fastapi_fleet.contract.change import Pair
from fastapi_fleet.contract.document import Node
from fastapi_fleet.contract.variant import Schema


def is_marked(schema: Schema, keyword: str) -> bool:
    return any(place.flag(keyword) for node in schema for place in _said(node))


def default_change(pair: Pair) -> str | None:
    """No default and null are the same: left out."""
    before, after = _default(pair.before), _default(pair.after)
    return None if before == after else f"{before} before, {after} now"


def _default(schema: Schema) -> str:
    found = [place.get("default") for node in schema for place in _said(node)]
    return next((default.text() for default in found if default is not None), "null")


def _said(node: Node) -> list[Node]:
    """The place itself first: what stands beside a reference is nearer."""
    return [place for place in (node, node.target()) if isinstance(place.value, Mapping)]
