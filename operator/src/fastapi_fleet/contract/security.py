"""Differences of how a caller has to authenticate."""

from collections.abc import Iterator, Mapping

from fastapi_fleet.contract.change import Change
from fastapi_fleet.contract.document import Node
from fastapi_fleet.contract.operations import Operation
from fastapi_fleet.contract.rules import RULES

Demand = Mapping[str, frozenset[str]]
"""Each scheme, as what a caller sends for it, with its scopes. None of them: nothing."""


def security_changes(
    before: Operation, after: Operation, old_root: Node, new_root: Node
) -> Iterator[tuple[str, Change]]:
    old, new = _alternatives(before, old_root), _alternatives(after, new_root)
    place = after.place.place
    for demand in old:
        if not any(_satisfies(demand, other) for other in new):
            yield after.name, Change(RULES["security-added"], place, detail=_words(demand))
    for demand in new:
        if not any(_satisfies(demand, other) for other in old):
            yield after.name, Change(RULES["security-removed"], place, detail=_words(demand))


def _alternatives(operation: Operation, root: Node) -> list[Demand]:
    given = operation.place.get("security") or root.get("security")
    found = given.elements() if given is not None else []
    return [_demand(place, root) for place in found] or [{}]


def _demand(place: Node, root: Node) -> Demand:
    return {
        _scheme(name, scopes, root): frozenset(scope.word() for scope in scopes.elements())
        for name, scopes in place.children().items()
    }


def _scheme(name: str, place: Node, root: Node) -> str:
    """Its name is the document's own affair."""
    components = root.get("components")
    schemes = components.get("securitySchemes") if components is not None else None
    scheme = schemes.get(name) if schemes is not None else None
    if scheme is None:
        raise place.malformed(f"{name} is not among the securitySchemes")
    scheme = scheme.target()
    said = [
        scheme.need("type").word(),
        *(found.word().lower() for key in ("scheme", "in", "name") if (found := scheme.get(key))),
    ]
    return " ".join(said)


def _satisfies(sent: Demand, demand: Demand) -> bool:
    return all(scheme in sent and scopes <= sent[scheme] for scheme, scopes in demand.items())


def _words(demand: Demand) -> str:
    if not demand:
        return "without credentials"
    return "with " + " and ".join(
        f"{name} ({', '.join(sorted(scopes))})" if scopes else name for name, scopes in sorted(demand.items())
    )
