"""Events of the inventory: whether the items of an order can be had."""

from uuid import UUID

from fleetkit.database import Connection
from fleetkit.events.cloudevents import CloudEvent
from pydantic import BaseModel

from app.models.purchase import Rejection
from app.services.progress import OrderProgress

INVENTORY_RESERVED = "inventory.reserved"
INVENTORY_REJECTED = "inventory.rejected"


class InventoryReserved(BaseModel):
    order_id: UUID


class InventoryRejected(BaseModel):
    order_id: UUID
    reason: str
    missing: tuple[str, ...]


async def confirm_order(progress: OrderProgress, connection: Connection, event: CloudEvent) -> None:
    """Confirms the order, and goes on with it where it is paid already."""
    await progress.confirm(connection, event.data_as(InventoryReserved).order_id)


async def reject_order(progress: OrderProgress, connection: Connection, event: CloudEvent) -> None:
    """Rejects the order, and gives back what was paid."""
    rejected = event.data_as(InventoryRejected)
    await progress.reject(connection, rejected.order_id, Rejection(rejected.reason, rejected.missing))
