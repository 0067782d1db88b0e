"""From a schema, as it is written, to its variants."""

from functools import reduce

from fastapi_fleet.contract.document import Node
from fastapi_fleet.contract.keywords import own_variants
from fastapi_fleet.contract.variant import ANY, NULL, Schema, Variant, intersect, join_enums

MAX_STEPS = 64


def variants(schema: Schema) -> tuple[Variant, ...]:
    result = ANY
    for place in schema:
        result = intersect(result, _expand(place, ()), place)
    return result


def _expand(place: Node, passed: tuple[str, ...]) -> tuple[Variant, ...]:
    """`passed`: the references that led here without going into a field or an element."""
    if isinstance(place.value, bool):
        return ANY if place.value else ()
    target = place.reference()
    if target is not None and place.is_version_3_0:
        return _named(target, place, passed)
    parts = [own_variants(place)]
    if target is not None:
        parts.append(_named(target, place, passed))
    parts += _applied(place, passed)
    result = join_enums(reduce(lambda left, right: intersect(left, right, place), parts))
    return _with_null(place, result)


def _named(target: Node, place: Node, passed: tuple[str, ...]) -> tuple[Variant, ...]:
    if target.pointer in passed or len(passed) > MAX_STEPS:
        raise place.malformed("leads back to itself and says nothing")
    name = target.tokens[-1] if target.tokens else "the document"
    return tuple(variant.named(name) for variant in _expand(target, (*passed, target.pointer)))


def _applied(place: Node, passed: tuple[str, ...]) -> list[tuple[Variant, ...]]:
    keywords = place.children()
    parts = []
    if "allOf" in keywords:
        parts += [_expand(part, passed) for part in keywords["allOf"].elements()]
    for keyword in ("anyOf", "oneOf"):
        if keyword in keywords:
            parts.append(tuple(one for part in keywords[keyword].elements() for one in _expand(part, passed)))
    return parts


def _with_null(place: Node, result: tuple[Variant, ...]) -> tuple[Variant, ...]:
    """3.0 takes `nullable` beside an enum or allOf that does not name null as "or null": so do those who write it."""
    if not place.is_version_3_0 or not place.flag("nullable") or any(variant.type == "null" for variant in result):
        return result
    return (*result, NULL)
