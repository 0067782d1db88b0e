"""Differences of the request body of an operation."""

from collections.abc import Iterator

from fastapi_fleet.contract.change import Change
from fastapi_fleet.contract.document import Node
from fastapi_fleet.contract.findings import Direction
from fastapi_fleet.contract.media import media_changes
from fastapi_fleet.contract.operations import Operation
from fastapi_fleet.contract.rules import RULES

_WORDS = "the body"


def body_changes(before: Operation, after: Operation) -> Iterator[tuple[str, Change]]:
    for change in _changes(_body(before), _body(after)):
        yield _WORDS, change


def _body(operation: Operation) -> Node | None:
    body = operation.place.get("requestBody")
    return body.target() if body is not None else None


def _changes(old: Node | None, new: Node | None) -> Iterator[Change]:
    if new is None:
        if old is not None:
            yield Change(RULES["request-body-removed"], old.place)
    elif old is None:
        rule = "request-body-added-required" if new.flag("required") else "request-body-added"
        yield Change(RULES[rule], new.place)
    else:
        if old.flag("required") != new.flag("required"):
            became = "required" if new.flag("required") else "optional"
            yield Change(RULES[f"request-body-became-{became}"], new.place)
        yield from media_changes(old, new, Direction.REQUEST)
