"""What other services' events do here. Each model holds what is used of an event, and ignores the rest."""

from collections.abc import Mapping
from uuid import UUID

from fleetkit.database import Connection
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.inbox import EventHandler
from pydantic import BaseModel

from app.repositories.users import UserRepository

ORDER_CREATED = "order.created"


class OrderCreated(BaseModel):
    user_id: UUID


async def count_order(connection: Connection, event: CloudEvent) -> None:
    """Counts the order for its user."""
    order = event.data_as(OrderCreated)
    await UserRepository(connection).count_order(order.user_id)


HANDLERS: Mapping[str, EventHandler] = {ORDER_CREATED: count_order}
