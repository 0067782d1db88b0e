"""One difference of two schemas, told from where they were compared."""

from dataclasses import dataclass, replace

from fastapi_fleet.contract.document import Place
from fastapi_fleet.contract.rules import RULES, Rule
from fastapi_fleet.contract.variant import Schema


@dataclass(frozen=True)
class Change:
    rule: Rule
    place: Place
    path: tuple[str, ...] = ()
    """Fields on the way: names, [] for elements, * for entries of free names."""
    detail: str = ""

    def within(self, *steps: str) -> "Change":
        return replace(self, path=(*steps, *self.path))


@dataclass(frozen=True)
class Pair:
    """The same place in both documents."""

    before: Schema
    after: Schema

    @property
    def key(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return tuple(node.pointer for node in self.before), tuple(node.pointer for node in self.after)

    @property
    def place(self) -> Place:
        return next((node.place for node in (*self.after, *self.before)), Place("new", "#"))

    def change(self, rule: str, detail: str = "") -> Change:
        return Change(RULES[rule], self.place, detail=detail)
