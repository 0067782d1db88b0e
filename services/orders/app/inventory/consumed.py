"""Events of orders: their items are taken from stock, and given back."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Annotated
from uuid import UUID

from fleetkit.database import Connection
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.inbox import EventHandler
from pydantic import BaseModel, Field, StrictInt

from app.inventory.service import Reservations

ORDER_CREATED = "order.created"
ORDER_CANCELLED = "order.cancelled"


class OrderedItem(BaseModel):
    sku: str
    quantity: Annotated[StrictInt, Field(ge=1)]


class OrderCreated(BaseModel):
    order_id: UUID
    items: list[OrderedItem]


class OrderCancelled(BaseModel):
    order_id: UUID


async def reserve_items(reservations: Reservations, connection: Connection, event: CloudEvent) -> None:
    """Reserves what was ordered, several lines of one SKU together."""
    order = event.data_as(OrderCreated)
    wanted: Counter[str] = Counter()
    for item in order.items:
        wanted[item.sku] += item.quantity
    await reservations.reserve(connection, order.order_id, wanted)


async def release_items(reservations: Reservations, connection: Connection, event: CloudEvent) -> None:
    """Gives back what was reserved, or will not reserve what is still to be told of."""
    await reservations.release(connection, event.data_as(OrderCancelled).order_id)


def inventory_handlers(*, event_source: str) -> Mapping[str, EventHandler]:
    """What is done with each event that the inventory listens to, by type."""
    reservations = Reservations(event_source=event_source)
    return {
        ORDER_CREATED: partial(reserve_items, reservations),
        ORDER_CANCELLED: partial(release_items, reservations),
    }
