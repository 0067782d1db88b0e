"""What events do here. Each model holds what is used of an event, and ignores the rest."""

from collections.abc import Mapping
from uuid import UUID, uuid5

from fleetkit.database import Connection
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.inbox import EventHandler
from pydantic import BaseModel

from app.events.published import USER_REGISTERED
from app.repositories.users import UserRepository
from app.repositories.welcome_mails import WelcomeMailRepository

ORDER_CREATED = "order.created"
ORDER_CANCELLED = "order.cancelled"
ORDER_REJECTED = "order.rejected"


class OrderOfUser(BaseModel):
    user_id: UUID


class NewUser(BaseModel):
    user_id: UUID


async def count_order(connection: Connection, event: CloudEvent) -> None:
    """Counts the order for its user."""
    order = event.data_as(OrderOfUser)
    await UserRepository(connection).count_orders(order.user_id, 1)


async def discount_order(connection: Connection, event: CloudEvent) -> None:
    """Counts the order no longer."""
    order = event.data_as(OrderOfUser)
    await UserRepository(connection).count_orders(order.user_id, -1)


async def note_welcome_mail(connection: Connection, event: CloudEvent) -> None:
    """Notes that the user is to get a welcome mail; it is sent after this transaction."""
    user = event.data_as(NewUser)
    # Of the id's kind, whatever it is: it becomes part of the mail's own.
    await WelcomeMailRepository(connection).add(user.user_id, event_id=uuid5(user.user_id, event.id))


async def send_no_mail(_connection: Connection, _event: CloudEvent) -> None:
    """Lets the event go by: where mail is sent from is not configured."""


_OF_ORDERS: Mapping[str, EventHandler] = {
    ORDER_CREATED: count_order,
    ORDER_CANCELLED: discount_order,
    ORDER_REJECTED: discount_order,
}
HANDLERS: Mapping[str, EventHandler] = {**_OF_ORDERS, USER_REGISTERED: note_welcome_mail}
HANDLERS_WITHOUT_MAIL: Mapping[str, EventHandler] = {**_OF_ORDERS, USER_REGISTERED: send_no_mail}
