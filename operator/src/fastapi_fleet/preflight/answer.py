"""The answer of the script, which an image that is not trusted may have written in its place."""

from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

_Text = Annotated[str, StringConstraints(max_length=4096)]


class CheckFinding(BaseModel):
    """`where`: a variable, or a file and line. `what`: what is wrong with it."""

    model_config = ConfigDict(frozen=True)

    where: _Text
    what: _Text

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class DocumentAnswer(BaseModel):
    """What became of the OpenAPI document. `lines` of the log hold it, `digest` is that of its text."""

    model_config = ConfigDict(frozen=True)

    outcome: Literal["made", "absent", "failed"]
    why: _Text = ""
    lines: Annotated[int, Field(ge=0, le=512)] = 0
    digest: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""


class CheckAnswer(BaseModel):
    """`more`: how many findings were left out for want of room. `contract`: None where no document was asked for."""

    model_config = ConfigDict(frozen=True)

    outcome: Literal["accepted", "absent", "refused"]
    findings: tuple[CheckFinding, ...] = ()
    more: Annotated[int, Field(ge=0)] = 0
    contract: DocumentAnswer | None = None


def read_answer(message: str) -> CheckAnswer | None:
    """None for what no script of this operator has written."""
    try:
        return CheckAnswer.model_validate_json(message)
    except ValidationError:
        return None


@cache
def script() -> str:
    """Its source, which is to run in another image."""
    return files("fastapi_fleet.preflight").joinpath("check_image.py").read_text(encoding="utf-8")
