"""Differences of two schemas in one direction."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from fastapi_fleet.contract.change import Change, Pair
from fastapi_fleet.contract.expand import variants
from fastapi_fleet.contract.findings import Direction
from fastapi_fleet.contract.objects import object_changes
from fastapi_fleet.contract.pairing import pair_off
from fastapi_fleet.contract.types import type_changes
from fastapi_fleet.contract.values import value_changes
from fastapi_fleet.contract.variant import Schema, Variant

MAX_DEPTH = 40


@dataclass
class SchemaComparison:
    """Of one body or parameter. A schema that contains itself is compared once."""

    direction: Direction
    textual: bool = False
    """What is compared travels as text, as in a query: there is no null, and a number is a string, too."""
    _known: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Change]] = field(default_factory=dict)
    _depth: int = 0

    def compare(self, pair: Pair) -> list[Change]:
        if pair.key not in self._known:
            self._known[pair.key] = []
            self._known[pair.key] = self._one_level_down(pair)
        return self._known[pair.key]

    def _one_level_down(self, pair: Pair) -> list[Change]:
        if self._depth >= MAX_DEPTH:
            raise (*pair.after, *pair.before)[0].malformed(f"is nested more than {MAX_DEPTH} schemas deep")
        self._depth += 1
        found = list(self._changes(pair))
        self._depth -= 1
        return found

    def _changes(self, pair: Pair) -> Iterator[Change]:
        before, after = self._variants(pair.before), self._variants(pair.after)
        yield from type_changes(pair, before, after, self.direction, textual=self.textual)
        for type_ in sorted({one.type for one in before} & {one.type for one in after}):
            olds = [one for one in before if one.type == type_]
            news = [one for one in after if one.type == type_]
            yield from self._of_one_type(pair, olds, news)

    def _variants(self, schema: Schema) -> list[Variant]:
        found = list(variants(schema))
        if not self.textual:
            return found
        return [variant for variant in found if variant.type != "null"] or found

    def _of_one_type(self, pair: Pair, olds: list[Variant], news: list[Variant]) -> Iterator[Change]:
        matched, gone, come = pair_off(olds, news, lambda old, new: not self._differences(pair, old, new))
        for old, new in matched:
            yield from self._differences(pair, old, new)
        for old in gone:
            if not any(self._only(pair, old, new, narrowing=False) for new in news):
                yield pair.change(f"{self.direction}-alternative-narrowed", old.words)
        for new in come:
            if not any(self._only(pair, old, new, narrowing=True) for old in olds):
                yield pair.change(f"{self.direction}-alternative-widened", new.words)

    def _only(self, pair: Pair, old: Variant, new: Variant, *, narrowing: bool) -> bool:
        return all(change.rule.narrows == narrowing for change in self._differences(pair, old, new))

    def _differences(self, pair: Pair, old: Variant, new: Variant) -> list[Change]:
        found = value_changes(pair, old, new, self.direction)
        if old.type == "object":
            found += object_changes(pair, old, new, self.direction, self.compare)
        if old.type == "array":
            found += self._elements(old, new)
        return found

    def _elements(self, old: Variant, new: Variant) -> Iterator[Change]:
        for index, (before, after) in enumerate(zip_longest(old.leading, new.leading)):
            one = old.others if before is None else before
            other = new.others if after is None else after
            yield from (change.within(f"[{index}]") for change in self.compare(Pair(one, other)))
        yield from (change.within("[]") for change in self.compare(Pair(old.others, new.others)))
