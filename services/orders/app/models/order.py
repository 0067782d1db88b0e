"""What an order is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class OrderStatus(StrEnum):
    PENDING = "pending"


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
