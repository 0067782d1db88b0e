"""Differences of the fields of two objects.

Objects are open: a caller may send, and has to pass over, what is not named.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fastapi_fleet.contract.annotations import default_change, is_marked
from fastapi_fleet.contract.change import Change, Pair
from fastapi_fleet.contract.expand import variants
from fastapi_fleet.contract.findings import Direction
from fastapi_fleet.contract.variant import Schema, Variant

Compare = Callable[[Pair], list[Change]]

_HIDDEN = {Direction.REQUEST: "readOnly", Direction.RESPONSE: "writeOnly"}


@dataclass(frozen=True)
class _Field:
    schema: Schema
    required: bool


def object_changes(pair: Pair, before: Variant, after: Variant, direction: Direction, compare: Compare) -> list[Change]:
    found: list[Change] = []
    old, new = _fields(before, direction), _fields(after, direction)
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            changes = _gone(pair, old[name], after, direction, compare)
        elif name not in old:
            changes = _come(pair, new[name], before, direction, compare)
        else:
            changes = _kept(pair, old[name], new[name], direction, compare)
        found += [change.within(name) for change in changes]
    found += _others(pair, Pair(before.others, after.others), direction, compare)
    return found


def _fields(variant: Variant, direction: Direction) -> dict[str, _Field]:
    """Without those that do not go this way. One that is only in `required` can be anything."""
    named = {name: _Field(schema, name in variant.required) for name, schema in variant.fields.items()}
    unnamed = {name: _Field((), required=True) for name in variant.required - variant.fields.keys()}
    return {
        name: field for name, field in {**named, **unnamed}.items() if not is_marked(field.schema, _HIDDEN[direction])
    }


def _gone(pair: Pair, old: _Field, after: Variant, direction: Direction, compare: Compare) -> Iterator[Change]:
    gone = _at(pair, Pair(old.schema, ()))
    if direction is Direction.RESPONSE:
        yield gone.change("response-field-removed")
    elif _is_closed(after.others):
        yield gone.change("request-field-refused")
    else:
        yield gone.change("request-field-removed")
        if after.others:
            yield from (change for change in compare(Pair(old.schema, after.others)) if change.rule.narrows)


def _come(pair: Pair, new: _Field, before: Variant, direction: Direction, compare: Compare) -> Iterator[Change]:
    come = _at(pair, Pair((), new.schema))
    if direction is Direction.REQUEST:
        yield come.change("request-field-added-required" if new.required else "request-field-added")
    else:
        yield come.change("response-field-added")
    if before.others and not _is_closed(before.others):
        unwanted = direction is Direction.REQUEST
        yield from (change for change in compare(Pair(before.others, new.schema)) if change.rule.narrows == unwanted)


def _kept(pair: Pair, old: _Field, new: _Field, direction: Direction, compare: Compare) -> Iterator[Change]:
    kept = _at(pair, Pair(old.schema, new.schema))
    if old.required != new.required:
        yield kept.change(f"{direction}-field-became-{'required' if new.required else 'optional'}")
    if is_marked(new.schema, "deprecated") and not is_marked(old.schema, "deprecated"):
        yield kept.change(f"{direction}-field-deprecated")
    if direction is Direction.REQUEST and not new.required and not old.required:
        detail = default_change(kept)
        if detail is not None:
            yield kept.change("request-field-default-changed", detail)
    yield from compare(Pair(old.schema, new.schema))


def _others(pair: Pair, others: Pair, direction: Direction, compare: Compare) -> Iterator[Change]:
    """Fields that are not named. In a response only the entries of a map count: those with a schema of their own."""
    was_closed, is_closed = _is_closed(others.before), _is_closed(others.after)
    if direction is Direction.REQUEST and was_closed != is_closed:
        yield pair.change(f"request-other-fields-{'refused' if is_closed else 'accepted'}")
    elif direction is Direction.RESPONSE and is_closed and others.before and not was_closed:
        yield pair.change("response-entries-removed")
    elif direction is Direction.RESPONSE and was_closed and others.after and not is_closed:
        yield pair.change("response-entries-added")
    elif not was_closed and not is_closed and (others.before or others.after):
        yield from (change.within("*") for change in compare(others))


def _is_closed(others: Schema) -> bool:
    return bool(others) and not variants(others)


def _at(pair: Pair, field: Pair) -> Pair:
    """Where a field is said to be; one without a schema is at its object."""
    if field.before or field.after:
        return field
    return pair
