"""What the script found that compares a database with migrations; an image may have written it in its place."""

from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from fastapi_fleet.preflight.ask_alembic import MOST_REVISIONS, REVISION_LIMIT

_Revisions = Annotated[
    tuple[Annotated[str, StringConstraints(max_length=REVISION_LIMIT)], ...], Field(max_length=MOST_REVISIONS)
]


class SchemaAnswer(BaseModel):
    """Why the command was not run. `unknown`: revisions of the database that the image does not know."""

    model_config = ConfigDict(frozen=True)

    outcome: Literal["current", "ahead", "several"]
    heads: _Revisions = ()
    database: _Revisions = ()
    unknown: _Revisions = ()


def read_schema_answer(message: str) -> SchemaAnswer | None:
    """None for what no script of this operator has written."""
    try:
        return SchemaAnswer.model_validate_json(message)
    except ValidationError:
        return None


@cache
def schema_script() -> str:
    """Its source, which is to run in another image."""
    return files("fastapi_fleet.preflight").joinpath("ask_alembic.py").read_text(encoding="utf-8")
