"""Requests and answers about stock."""

from typing import Annotated

from fleetkit.numbers import JSON_INTEGER
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_AVAILABLE = 1_000_000_000
Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class StockUpdate(BaseModel):
    """How much can be reserved from now on."""

    model_config = ConfigDict(extra="forbid")

    available: Annotated[int, Field(ge=0, le=MAX_AVAILABLE, description="Pieces"), JSON_INTEGER]


class StockRead(BaseModel):
    """The stock of a SKU."""

    model_config = ConfigDict(from_attributes=True)

    sku: str
    available: Annotated[int, Field(description="Pieces that can still be reserved")]
