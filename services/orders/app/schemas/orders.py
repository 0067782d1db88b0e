"""Requests and answers about orders. Amounts are integers in minor units of the currency, as cents are."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fleetkit.numbers import JSON_INTEGER
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.models.order import OrderStatus

MAX_AMOUNT = 100_000_000
Sku = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"), Field(examples=["keyboard"])]


class Item(BaseModel):
    """One line of an order."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")

    sku: Sku
    quantity: Annotated[int, Field(ge=1, le=10_000, examples=[2]), JSON_INTEGER]
    unit_price: Annotated[int, Field(ge=0, le=MAX_AMOUNT, examples=[4900]), JSON_INTEGER]


class OrderCreate(BaseModel):
    """An order to place."""

    model_config = ConfigDict(extra="forbid")

    user_id: Annotated[UUID | None, Field(description="An administrator may order for somebody else")] = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217 code", examples=["EUR"])]
    items: Annotated[list[Item], Field(min_length=1, max_length=100)]


class OrderCreated(BaseModel):
    """An order just placed."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    user_id: UUID
    status: OrderStatus
    currency: str
    total: int
    items: list[Item]
    created_at: datetime


class OrderCancelled(OrderCreated):
    """An order just cancelled."""


class PaymentPretended(BaseModel):
    """A payment whose completion is told as if money had been taken."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    amount: int
    currency: str


class EmbeddedUser(BaseModel):
    """The user who placed an order."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str
    name: str
    role: str


class OrderRead(OrderCreated):
    """An order with its user, as the users service has it now or as its events have told."""

    user: Annotated[EmbeddedUser | None, Field(description="null where no such user is known")]
    degraded: Annotated[
        bool, Field(description="true where users could not be asked and its events are all that is known")
    ]


class OrderPage(BaseModel):
    """Some orders."""

    items: list[OrderRead]
    next_cursor: Annotated[str | None, Field(description="`cursor` of the next page, null where this is the last")]
