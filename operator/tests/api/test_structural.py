from typing import Annotated, Any, Literal

import pytest
from fastapi_fleet.api.model import ApiModel
from fastapi_fleet.api.structural import Schema, UntranslatableError, structural_schema
from pydantic import Field, StringConstraints


class Inner(ApiModel):
    level: int = Field(3, description="of the inner model")


def schema_of(annotation: Any, default: Any = ...) -> Schema:
    """Structural schema of a field of that type."""

    class Model(ApiModel):
        some_field: annotation = Field(default, description="own words")

    field: Schema = structural_schema(Model)["properties"]["someField"]
    return field


def test_optional_field_takes_the_type_that_is_not_null() -> None:
    assert schema_of(int | None, None) == {"description": "own words", "type": "integer"}


def test_reference_is_replaced_by_the_model_and_keeps_the_words_of_the_field() -> None:
    assert schema_of(Inner) == {
        "description": "own words",
        "type": "object",
        "properties": {"level": {"description": "of the inner model", "type": "integer", "default": 3}},
    }


@pytest.mark.parametrize(("annotation", "default"), [(int, 0), (str, ""), (bool, False), (float, 0.5)])
def test_scalar_default_is_kept_also_when_it_is_falsy(annotation: type, default: object) -> None:
    assert schema_of(annotation, default)["default"] == default


@pytest.mark.parametrize(
    ("annotation", "default"), [(int | None, None), (list[int], []), (dict[str, int], {}), (Inner, Inner())]
)
def test_default_of_null_collection_or_object_is_left_out(annotation: Any, default: object) -> None:
    assert "default" not in schema_of(annotation, default)


def test_single_literal_becomes_an_enum() -> None:
    assert schema_of(Literal["Embedded"])["enum"] == ["Embedded"]


def test_pattern_of_map_keys_becomes_a_rule() -> None:
    key = Annotated[str, StringConstraints(max_length=5, pattern="^[a-z]+$")]
    schema = schema_of(dict[key, int])
    assert schema["additionalProperties"] == {"type": "integer"}
    assert [rule["rule"] for rule in schema["x-kubernetes-validations"]] == [
        "self.all(key, key.matches('^[a-z]+$'))",
        "self.all(key, size(key) <= 5)",
    ]


def test_closed_model_says_nothing_of_additional_properties() -> None:
    assert "additionalProperties" not in structural_schema(Inner)


def test_required_fields_are_listed_by_their_name_on_the_wire() -> None:
    class Model(ApiModel):
        second_field: int
        first_field: int

    assert structural_schema(Model)["required"] == ["firstField", "secondField"]


@pytest.mark.parametrize("annotation", [int | str, dict[str, Any], tuple[int, int]])
def test_shape_without_a_counterpart_is_refused(annotation: Any) -> None:
    with pytest.raises(UntranslatableError):
        schema_of(annotation)
