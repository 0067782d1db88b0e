"""What an order is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID


class OrderStatus(StrEnum):
    """Where an order is; it never comes back to where it was."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    PAID = "paid"
    FULFILLED = "fulfilled"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


TRANSITIONS: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PENDING: frozenset({OrderStatus.CONFIRMED, OrderStatus.REJECTED, OrderStatus.CANCELLED}),
    OrderStatus.CONFIRMED: frozenset({OrderStatus.PAID, OrderStatus.CANCELLED}),
    OrderStatus.PAID: frozenset({OrderStatus.FULFILLED}),
    OrderStatus.FULFILLED: frozenset(),
    OrderStatus.REJECTED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}


class ImpossibleTransitionError(Exception):
    """An order of this status cannot get that one."""

    def __init__(self, status: OrderStatus, to: OrderStatus) -> None:
        super().__init__(f"An order that is {status} cannot become {to}")


@dataclass(frozen=True)
class OrderItem:
    """One line of an order. `unit_price` counts minor units, as cents do, of the order's currency."""

    sku: str
    quantity: int
    unit_price: int


@dataclass(frozen=True)
class OrderRequest:
    """What somebody wants to order."""

    user_id: UUID
    currency: str
    items: tuple[OrderItem, ...]


@dataclass(frozen=True)
class Order:
    """An order as stored."""

    id: UUID
    user_id: UUID
    status: OrderStatus
    currency: str
    items: tuple[OrderItem, ...]
    created_at: datetime

    @property
    def total(self) -> int:
        """The price of all items in minor units."""
        return sum(item.quantity * item.unit_price for item in self.items)

    def become(self, status: OrderStatus) -> Self:
        """The order with another status.

        Raises:
            ImpossibleTransitionError: none leads there from the status that it has.
        """
        if status not in TRANSITIONS[self.status]:
            raise ImpossibleTransitionError(self.status, status)
        return replace(self, status=status)
