"""Differences of the headers of an answer."""

from collections.abc import Iterator

from fastapi_fleet.contract.change import Change, Pair
from fastapi_fleet.contract.document import Node
from fastapi_fleet.contract.findings import Direction
from fastapi_fleet.contract.rules import RULES
from fastapi_fleet.contract.schemas import SchemaComparison


def header_changes(answer: str, before: Node, after: Node) -> Iterator[tuple[str, Change]]:
    old, new = _headers(before), _headers(after)
    for name in sorted(old.keys() | new.keys()):
        words = f"header `{name}` of {answer}"
        if name not in new:
            yield words, Change(RULES["response-header-removed"], old[name].place)
        elif name not in old:
            yield words, Change(RULES["response-header-added"], new[name].place)
        else:
            yield from ((words, change) for change in _kept(old[name], new[name]))


def _headers(response: Node) -> dict[str, Node]:
    """Their names have no case. The content type is told by the content."""
    headers = response.get("headers")
    found = headers.children() if headers is not None else {}
    return {name.lower(): place.target() for name, place in found.items() if name.lower() != "content-type"}


def _kept(old: Node, new: Node) -> Iterator[Change]:
    if old.flag("required") != new.flag("required"):
        became = "required" if new.flag("required") else "optional"
        yield Change(RULES[f"response-header-became-{became}"], new.place)
    before, after = old.get("schema"), new.get("schema")
    pair = Pair((before,) if before is not None else (), (after,) if after is not None else ())
    yield from SchemaComparison(Direction.RESPONSE).compare(pair)
