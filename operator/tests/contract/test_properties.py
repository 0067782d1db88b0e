"""What holds for all documents."""

import copy
from typing import Any

from fastapi_fleet.contract.compare import compare_documents
from fastapi_fleet.contract.document import MalformedDocumentError
from fastapi_fleet.contract.findings import Finding
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from support.openapi import answering, asking, sending

NAMES = st.sampled_from(["a", "b", "c"])
PLAIN: list[Any] = [None, True, False, -1, 0, 1, 2, 3, 4, 0.5, "", "x", "yes", "long word"]
WITNESSES = [*PLAIN, [], *([value] for value in PLAIN), ["x", 1], [None, 0.5, "x"], [[]], [[1]], [True, True, 0, ""]]
SCALARS = st.sampled_from(PLAIN)
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array"])


def bounds(low: str, high: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={low: st.integers(0, 3), high: st.integers(0, 3)})


def of(type_: str, *parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(lambda found: {"type": type_} | {key: one[key] for one in found for key in one})


LEAVES = st.one_of(
    st.just({}),
    TYPES.map(lambda name: {"type": name}),
    st.lists(TYPES, min_size=1, max_size=3, unique=True).map(lambda names: {"type": names}),
    st.lists(SCALARS, min_size=1, max_size=3).map(lambda values: {"enum": values}),
    SCALARS.map(lambda value: {"const": value}),
    of("integer", bounds("minimum", "maximum")),
    of("number", bounds("exclusiveMinimum", "exclusiveMaximum")),
    of("string", bounds("minLength", "maxLength")),
)


def composed(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda parts: {"anyOf": parts}),
        several.map(lambda parts: {"allOf": parts}),
        of("array", bounds("minItems", "maxItems"), inner.map(lambda items: {"items": items})),
    )


VALUE_SCHEMAS = st.recursive(LEAVES, composed, max_leaves=5)


def objects(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(NAMES, inner, max_size=3)},
        optional={
            "required": st.lists(NAMES, max_size=2, unique=True),
            "additionalProperties": st.booleans() | inner,
        },
    )


SCHEMAS = st.recursive(LEAVES, lambda inner: composed(inner) | objects(inner), max_leaves=8)
WHERE = st.sampled_from([sending, answering])


def breaking(before: Any, after: Any) -> list[Finding]:
    return [finding for finding in compare_documents(before, after) if finding.is_breaking]


@given(SCHEMAS, WHERE)
def test_a_document_is_like_itself(schema: dict[str, Any], where: Any) -> None:
    assert compare_documents(where(schema), where(copy.deepcopy(schema))) == ()


@given(SCHEMAS)
def test_a_schema_is_like_a_reference_to_it(schema: dict[str, Any]) -> None:
    named = answering({"$ref": "#/components/schemas/It"}) | {"components": {"schemas": {"It": schema}}}
    assert compare_documents(answering(schema), named) == ()


@given(SCHEMAS, NAMES)
def test_an_optional_parameter_more_never_breaks(schema: dict[str, Any], name: str) -> None:
    parameter = {"name": name, "in": "query", "schema": schema}
    assert not breaking(asking([]), asking([parameter]))


@given(st.dictionaries(NAMES, SCHEMAS), SCHEMAS, WHERE)
def test_an_optional_field_more_never_breaks(fields: dict[str, Any], schema: dict[str, Any], where: Any) -> None:
    before = where({"type": "object", "properties": fields})
    after = where({"type": "object", "properties": fields | {"new": schema}})
    assert not breaking(before, after)


@given(SCHEMAS)
def test_what_is_only_added_breaks_nothing_and_breaks_when_taken_away(schema: dict[str, Any]) -> None:
    before = answering(schema)
    after = copy.deepcopy(before)
    after["paths"]["/users"]["get"]["responses"]["201"] = {"description": "Made"}
    after["paths"]["/users"]["delete"] = {"responses": {}}
    after["paths"]["/teams"] = {"get": {"responses": {}}}
    assert not breaking(before, after)
    assert {finding.rule for finding in breaking(after, before)} == {
        "path-removed",
        "method-removed",
        "response-status-removed",
    }


@given(VALUE_SCHEMAS, VALUE_SCHEMAS)
def test_what_was_taken_is_taken_where_nothing_breaks(before: Any, after: Any) -> None:
    assume(not breaking(sending(before), sending(after)))
    for value in WITNESSES:
        if Draft202012Validator(before).is_valid(value):
            assert Draft202012Validator(after).is_valid(value)


@given(VALUE_SCHEMAS, VALUE_SCHEMAS)
def test_what_comes_was_known_where_nothing_breaks(before: Any, after: Any) -> None:
    assume(not breaking(answering(before), answering(after)))
    for value in WITNESSES:
        if Draft202012Validator(after).is_valid(value):
            assert Draft202012Validator(before).is_valid(value)


@given(VALUE_SCHEMAS, VALUE_SCHEMAS)
def test_what_breaks_a_request_breaks_an_answer_on_the_way_back(before: Any, after: Any) -> None:
    assert bool(breaking(sending(before), sending(after))) == bool(breaking(answering(after), answering(before)))


def places(value: Any) -> list[tuple[Any, Any]]:
    """Each value inside, as what holds it and its key."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [place for key in keys for place in [(value, key), *places(value[key])]]


def place_of_failure(before: Any, after: Any) -> str:
    """The whole document where nothing fails."""
    try:
        compare_documents(before, after)
    except MalformedDocumentError as error:
        return error.place.pointer
    return "#"


ANYTHING = st.recursive(
    SCALARS | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES | st.just("$ref"), inner, max_size=2),
    max_leaves=4,
)


@given(SCHEMAS, WHERE, ANYTHING, st.data())
def test_whatever_stands_in_a_document_is_compared_or_named(
    schema: dict[str, Any], where: Any, instead: Any, data: st.DataObject
) -> None:
    before = where(schema)
    broken = copy.deepcopy(before)
    holder, key = data.draw(st.sampled_from(places(broken)))
    holder[key] = instead
    for pair in ((before, broken), (broken, before)):
        assert place_of_failure(*pair).startswith("#")
