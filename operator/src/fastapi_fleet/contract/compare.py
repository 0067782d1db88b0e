"""The comparison of two documents."""

from collections.abc import Iterator

from fastapi_fleet.contract.bodies import body_changes
from fastapi_fleet.contract.change import Change
from fastapi_fleet.contract.document import Node, open_document
from fastapi_fleet.contract.findings import Finding, Location
from fastapi_fleet.contract.operations import Operation, operations
from fastapi_fleet.contract.parameters import parameter_changes
from fastapi_fleet.contract.responses import response_changes
from fastapi_fleet.contract.rules import RULES
from fastapi_fleet.contract.security import security_changes


def compare_documents(before: object, after: object) -> tuple[Finding, ...]:
    """What a caller of `before` notices of `after`; breaking findings first. Raises MalformedDocumentError."""
    found = dict.fromkeys(_findings(open_document(before, "old"), open_document(after, "new")))
    return tuple(sorted(found, key=lambda finding: not finding.is_breaking))


def _findings(before: Node, after: Node) -> Iterator[Finding]:
    old, new = operations(before), operations(after)
    routes = {route for route, _ in new}
    for key in dict.fromkeys((*old, *new)):
        if key not in new:
            rule = "method-removed" if key[0] in routes else "path-removed"
            yield _finding(old[key], old[key].name, Change(RULES[rule], old[key].place.place))
        elif key not in old:
            yield _finding(new[key], new[key].name, Change(RULES["operation-added"], new[key].place.place))
        else:
            yield from _once(new[key], _kept(old[key], new[key], before, after))


def _kept(old: Operation, new: Operation, before: Node, after: Node) -> Iterator[tuple[str, Change]]:
    if new.place.flag("deprecated") and not old.place.flag("deprecated"):
        yield new.name, Change(RULES["operation-deprecated"], new.place.place)
    yield from security_changes(old, new, before, after)
    yield from parameter_changes(old, new)
    yield from body_changes(old, new)
    yield from response_changes(old, new)


def _once(operation: Operation, changes: Iterator[tuple[str, Change]]) -> Iterator[Finding]:
    """A schema that an operation uses in several places is told of once for each rule."""
    told: set[tuple[str, str]] = set()
    for subject, change in changes:
        key = change.rule.id, change.place.pointer
        if key not in told:
            told.add(key)
            yield _finding(operation, subject, change)


def _finding(operation: Operation, whole: str, change: Change) -> Finding:
    message = change.rule.words.format(subject=_subject(whole, change), detail=change.detail)
    location = Location(operation.name, change.place.document, change.place.pointer)
    return Finding(change.rule.id, change.rule.severity, location, message)


def _subject(whole: str, change: Change) -> str:
    path = ".".join(change.path).replace(".[", "[")
    return f"`{path}` in {whole}" if path else whole
