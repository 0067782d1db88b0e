"""Numbers of requests, read as JSON has them."""

from pydantic import BeforeValidator
from pydantic_core import PydanticKnownError


def _refuse_other_kinds(value: object) -> object:
    if isinstance(value, bool | str | bytes):
        raise PydanticKnownError("int_type")
    return value


JSON_INTEGER = BeforeValidator(_refuse_other_kinds)
"""Ends the annotation of an integer that may be `1` or `1.0`, but neither `true` nor `"1"`, read as 1 else."""
