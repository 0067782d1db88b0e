"""JSON types that a schema allows in one document only."""

from collections.abc import Iterator, Sequence

from fastapi_fleet.contract.change import Change, Pair
from fastapi_fleet.contract.findings import Direction
from fastapi_fleet.contract.values import listed
from fastapi_fleet.contract.variant import ANY, Variant

_NULL_RULES = {
    (Direction.REQUEST, True): "request-null-refused",
    (Direction.REQUEST, False): "request-null-accepted",
    (Direction.RESPONSE, True): "response-null-removed",
    (Direction.RESPONSE, False): "response-null-added",
}


def type_changes(
    pair: Pair, before: Sequence[Variant], after: Sequence[Variant], direction: Direction, *, textual: bool
) -> Iterator[Change]:
    yield from _only_in(pair, before, after, direction, narrowing=True, textual=textual)
    yield from _only_in(pair, after, before, direction, narrowing=False, textual=textual)


def _only_in(
    pair: Pair,
    some: Sequence[Variant],
    others: Sequence[Variant],
    direction: Direction,
    *,
    narrowing: bool,
    textual: bool,
) -> Iterator[Change]:
    types = {variant.type for variant in others}
    only = [variant for variant in some if variant.type not in types and not (textual and _is_text(variant, others))]
    known = {variant.type_words for variant in others}
    rule = f"{direction}-type-{'narrowed' if narrowing else 'widened'}"
    if only and {variant.type for variant in some} == {variant.type for variant in ANY}:
        yield pair.change(rule, f"anything but {listed(known)}" if known else "anything")
        return
    if any(variant.type == "null" for variant in only):
        yield pair.change(_NULL_RULES[direction, narrowing])
    if names := {variant.type_words for variant in only if variant.type != "null"}:
        yield pair.change(rule, listed(names))


def _is_text(variant: Variant, others: Sequence[Variant]) -> bool:
    """A number or a boolean is written as a string that any string without demands includes."""
    return variant.type in {"number", "boolean"} and any(one.type == "string" and one.is_plain for one in others)
