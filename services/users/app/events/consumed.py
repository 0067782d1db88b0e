"""What other services' events do here. Each model holds what is used of an event, and ignores the rest."""

from collections.abc import Mapping
from uuid import UUID

from fleetkit.database import Connection
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.inbox import EventHandler
from pydantic import BaseModel

from app.repositories.users import UserRepository

ORDER_CREATED = "order.created"
ORDER_CANCELLED = "order.cancelled"


class OrderOfUser(BaseModel):
    user_id: UUID


async def count_order(connection: Connection, event: CloudEvent) -> None:
    """Counts the order for its user."""
    order = event.data_as(OrderOfUser)
    await UserRepository(connection).count_orders(order.user_id, 1)


async def discount_order(connection: Connection, event: CloudEvent) -> None:
    """Counts the order no longer."""
    order = event.data_as(OrderOfUser)
    await UserRepository(connection).count_orders(order.user_id, -1)


HANDLERS: Mapping[str, EventHandler] = {ORDER_CREATED: count_order, ORDER_CANCELLED: discount_order}
