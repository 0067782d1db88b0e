"""Differences of what an operation answers."""

from collections.abc import Iterator, Mapping

from fastapi_fleet.contract.change import Change
from fastapi_fleet.contract.document import Node
from fastapi_fleet.contract.findings import Direction
from fastapi_fleet.contract.headers import header_changes
from fastapi_fleet.contract.media import media_changes
from fastapi_fleet.contract.operations import Operation
from fastapi_fleet.contract.rules import RULES

Responses = Mapping[str, Node]

DEFAULT = "default"


def response_changes(before: Operation, after: Operation) -> Iterator[tuple[str, Change]]:
    old, new = _responses(before), _responses(after)
    for status, one, other in _kept(old, new):
        words = f"the answer {status}"
        yield from ((words, change) for change in media_changes(one, other, Direction.RESPONSE))
        yield from header_changes(words, one, other)
    for status in _missing(old, new):
        yield f"the answer {status}", Change(RULES[_rule_of_removal(status, old)], old[status].place)
    for status in _missing(new, old):
        yield f"the answer {status}", Change(RULES["response-status-added"], new[status].place)


def _responses(operation: Operation) -> Responses:
    given = operation.place.get("responses")
    found = given.children() if given is not None else {}
    return {_name(status): place.target() for status, place in found.items() if not status.startswith("x-")}


def _name(status: str) -> str:
    """2xx is written in either case."""
    return status if status == DEFAULT else status.upper()


def _kept(old: Responses, new: Responses) -> Iterator[tuple[str, Node, Node]]:
    """Each status of either document, by what stands for it in both: its own entry, its range, or the default."""
    for status in sorted(old.keys() | new.keys()):
        one, other = _standing_for(status, old), _standing_for(status, new)
        if one is not None and other is not None:
            yield status, one, other


def _standing_for(status: str, responses: Responses) -> Node | None:
    return next((responses[name] for name in _names(status) if name in responses), None)


def _names(status: str) -> tuple[str, ...]:
    return status, f"{status[:1]}XX", DEFAULT


def _missing(some: Responses, others: Responses) -> list[str]:
    """Those for which nothing stands in the others: no wider entry, and none that was split off."""
    split_off = others.keys() - some.keys()
    return [
        status
        for status in sorted(some.keys() - others.keys())
        if _standing_for(status, others) is None and not any(status in _names(other) for other in split_off)
    ]


def _rule_of_removal(status: str, old: Responses) -> str:
    """Callers wait for a success; nobody misses an error. A default is the success where no other is told."""
    if status == DEFAULT:
        told = any(known[:1] in {"1", "2", "3"} for known in old)
        return "response-error-removed" if told else "response-status-removed"
    return "response-error-removed" if status[:1] in {"4", "5"} else "response-status-removed"
