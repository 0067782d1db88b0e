"""The events that the inventory sends; their schemas are in `contracts/events`."""

from uuid import UUID

from fleetkit.events.cloudevents import CloudEvent
from pydantic import BaseModel

INVENTORY_RESERVED = "inventory.reserved"
INVENTORY_REJECTED = "inventory.rejected"
INSUFFICIENT_STOCK = "insufficient_stock"


class InventoryReserved(BaseModel):
    """The data of `inventory.reserved`."""

    order_id: UUID


class InventoryRejected(BaseModel):
    """The data of `inventory.rejected`: nothing was reserved, for want of these SKUs."""

    order_id: UUID
    reason: str
    missing: tuple[str, ...]


def inventory_reserved(order_id: UUID, *, source: str) -> CloudEvent:
    """Tells that all items of an order are reserved."""
    data = InventoryReserved(order_id=order_id)
    return CloudEvent.new(source=source, event_type=INVENTORY_RESERVED, subject=str(order_id), data=data)


def inventory_rejected(order_id: UUID, missing: tuple[str, ...], *, source: str) -> CloudEvent:
    """Tells that no item of an order is reserved, because of some."""
    data = InventoryRejected(order_id=order_id, reason=INSUFFICIENT_STOCK, missing=missing)
    return CloudEvent.new(source=source, event_type=INVENTORY_REJECTED, subject=str(order_id), data=data)
