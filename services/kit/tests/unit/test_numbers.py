from typing import Annotated

import pytest
from fleetkit.numbers import JSON_INTEGER
from pydantic import Field, TypeAdapter, ValidationError

QUANTITY = TypeAdapter[int](Annotated[int, Field(ge=1), JSON_INTEGER])


@pytest.mark.parametrize("text", ["2", "2.0"])
def test_takes_a_whole_number_however_it_is_written(text: str) -> None:
    assert QUANTITY.validate_json(text) == 2


@pytest.mark.parametrize("text", ["true", '"2"', "2.5", "null", "0"])
def test_takes_nothing_for_a_number_that_is_none(text: str) -> None:
    with pytest.raises(ValidationError):
        QUANTITY.validate_json(text)


def test_is_an_integer_in_documents() -> None:
    assert QUANTITY.json_schema() == {"type": "integer", "minimum": 1}
