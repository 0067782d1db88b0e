"""Documents that cannot be compared: the error names the place."""

from typing import Any

import pytest
from fastapi_fleet.contract.compare import compare_documents
from fastapi_fleet.contract.document import MAX_DEPTH, MalformedDocumentError
from support.openapi import answering, asking, document

GET = "#/paths/~1users/get"
SCHEMA = f"{GET}/responses/200/content/application~1json/schema"


def union_of(count: int) -> dict[str, Any]:
    return {"anyOf": [{"type": "string", "maxLength": index} for index in range(count)]}


def nested(keyword: str, depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {keyword: [schema] if keyword == "allOf" else schema}
    return schema


MALFORMED: dict[str, tuple[Any, str, str]] = {
    "nothing": (None, "#", "is null where an object is expected"),
    "a list": ([], "#", "is a list where an object is expected"),
    "no document": ({"paths": {}}, "#", "it has no openapi"),
    "a future version": ({"openapi": "4.0.0"}, "#/openapi", "3.0 and 3.1 are understood"),
    "paths as a list": ({"openapi": "3.1.0", "paths": []}, "#/paths", "is a list"),
    "a path item as a string": ({"openapi": "3.1.0", "paths": {"/users": "x"}}, "#/paths/~1users", "is a string"),
    "an operation as null": ({"openapi": "3.1.0", "paths": {"/users": {"get": None}}}, GET, "is null"),
    "parameters as an object": (asking({}), f"{GET}/parameters", "is an object where a list is expected"),
    "a parameter without a name": (asking([{"in": "query"}]), f"{GET}/parameters/0", "has no name"),
    "a parameter without a place": (asking([{"name": "a"}]), f"{GET}/parameters/0", "has no in"),
    "a parameter nowhere": (asking([{"name": "a", "in": "body"}]), f"{GET}/parameters/0/in", "body is no place"),
    "a wordy flag": (asking([{"name": "a", "in": "query", "required": "yes"}]), f"{GET}/parameters/0/required", "true"),
    "an unknown type": (answering({"type": "text"}), f"{SCHEMA}/type", "text is no type"),
    "a number as type": (answering({"type": 5}), f"{SCHEMA}/type", "is 5 where a string is expected"),
    "a wordy bound": (answering({"type": "integer", "minimum": "1"}), f"{SCHEMA}/minimum", "a number is expected"),
    "an endless bound": (answering({"type": "number", "maximum": float("inf")}), f"{SCHEMA}/maximum", "is inf"),
    "an enum as an object": (answering({"enum": {}}), f"{SCHEMA}/enum", "is an object where a list"),
    "a schema as a list": (answering([]), SCHEMA, "is a list where an object"),
    "a reference to nothing": (answering({"$ref": "#/components/schemas/A"}), SCHEMA, "names nothing in the document"),
    "a reference into a file": (answering({"$ref": "a.yaml#/A"}), SCHEMA, "bundle it into one file"),
    "a reference to a host": (answering({"$ref": "https://example.com/a"}), SCHEMA, "leads out of the document"),
    "a number as reference": (answering({"$ref": 5}), SCHEMA, "$ref is 5"),
    "a reference to itself": (answering({"$ref": SCHEMA}), SCHEMA, "leads back to itself"),
    "a union with itself": (answering({"anyOf": [{"$ref": SCHEMA}]}), f"{SCHEMA}/anyOf/0", "leads back to itself"),
    "alternatives without end": (answering({"allOf": [union_of(20)] * 2}), SCHEMA, "more than 256 alternatives"),
    "lists without end": (answering(nested("items", MAX_DEPTH + 1)), "/items", "deep"),
    "parts without end": (answering(nested("allOf", MAX_DEPTH + 1)), "/allOf", "deep"),
    "an unknown scheme": (
        document({"security": [{"token": []}], "responses": {}}),
        f"{GET}/security/0/token",
        "token is not among the securitySchemes",
    ),
}


@pytest.mark.parametrize("given", MALFORMED)
def test_names_the_place_that_cannot_be_read(given: str) -> None:
    malformed, pointer, problem = MALFORMED[given]
    with pytest.raises(MalformedDocumentError) as raised:
        compare_documents(malformed, malformed)
    assert pointer in raised.value.place.pointer
    assert problem in str(raised.value)


def test_a_document_that_contains_itself_ends() -> None:
    endless: dict[str, Any] = {"type": "array"}
    endless["items"] = endless
    with pytest.raises(MalformedDocumentError, match="deep"):
        compare_documents(answering(endless), answering(endless))


def test_numbers_as_statuses_are_read_as_yaml_writes_them() -> None:
    given = document({"responses": {200: {"description": "Found"}}})
    wanted = document({"responses": {"200": {"description": "Found"}}})
    assert compare_documents(given, wanted) == ()
