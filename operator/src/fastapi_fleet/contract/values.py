"""Differences of two variants of one type, but for their fields and elements."""

from collections.abc import Iterable, Iterator

from fastapi_fleet.contract.change import Change, Pair
from fastapi_fleet.contract.findings import Direction
from fastapi_fleet.contract.span import Limit, Span
from fastapi_fleet.contract.variant import Variant

_UNITS = {"number": "", "string": " characters long", "array": " elements long", "object": " fields large"}

Difference = tuple[str, str]
"""A rule without its direction, and the detail."""


def value_changes(pair: Pair, before: Variant, after: Variant, direction: Direction) -> list[Change]:
    found = [
        *_enum(before, after),
        *_demands("format", before.formats, after.formats),
        *_demands("constraint", _written(before), _written(after)),
        *_bounds(before, after),
        *_fractions(before, after),
    ]
    return [pair.change(f"{direction}-{difference}", detail) for difference, detail in found]


def _enum(before: Variant, after: Variant) -> Iterator[Difference]:
    if before.enum is not None and after.enum is not None:
        if gone := before.enum - after.enum:
            yield "enum-narrowed", listed(gone)
        if come := after.enum - before.enum:
            yield "enum-widened", listed(come)
    elif after.enum is not None:
        yield "enum-narrowed", f"anything but {listed(after.enum)}"
    elif before.enum is not None:
        yield "enum-widened", f"anything but {listed(before.enum)}"


def _demands(aspect: str, before: frozenset[str], after: frozenset[str]) -> Iterator[Difference]:
    if more := after - before:
        yield f"{aspect}-narrowed", listed(more)
    if fewer := before - after:
        yield f"{aspect}-widened", listed(fewer)


def _written(variant: Variant) -> frozenset[str]:
    return frozenset(f"{keyword} {value}" for keyword, value in variant.constraints)


def _bounds(before: Variant, after: Variant) -> Iterator[Difference]:
    if _exceeds(before.span, after.span):
        yield "bounds-narrowed", _span_words(after)
    if _exceeds(after.span, before.span):
        yield "bounds-widened", _span_words(after)


def _exceeds(one: Span, other: Span) -> bool:
    return one.reaches_below(other) or one.reaches_above(other)


def _span_words(variant: Variant) -> str:
    ends = [
        words
        for limit, open_words, words_at in (
            (variant.span.low, "more than", "at least"),
            (variant.span.high, "less than", "at most"),
        )
        if (words := _end_words(limit, open_words, words_at))
    ]
    return (" and ".join(ends) or "of any size") + (_UNITS[variant.type] if ends else "")


def _end_words(limit: Limit, open_words: str, words: str) -> str:
    if limit.is_infinite:
        return ""
    return f"{open_words if limit.open else words} {limit.value:g}"


def _fractions(before: Variant, after: Variant) -> Iterator[Difference]:
    """An enum says by itself which numbers there are."""
    if before.enum is None and after.enum is None and before.integer != after.integer:
        yield "type-narrowed" if after.integer else "type-widened", "a number with a fraction"


def listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
