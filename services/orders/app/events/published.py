"""The events that orders sends; their schemas are in `contracts/events`."""

from uuid import UUID

from fleetkit.events.cloudevents import CloudEvent
from pydantic import BaseModel, ConfigDict

from app.models.order import Order

ORDER_CREATED = "order.created"
ORDER_CANCELLED = "order.cancelled"


class Item(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    sku: str
    quantity: int
    unit_price: int


class OrderCreated(BaseModel):
    """The data of `order.created`. Amounts are in minor units of the currency."""

    order_id: UUID
    user_id: UUID
    currency: str
    total: int
    items: list[Item]


class OrderCancelled(BaseModel):
    """The data of `order.cancelled`."""

    order_id: UUID
    user_id: UUID


def order_created(order: Order, *, source: str) -> CloudEvent:
    """Tells of a new order."""
    data = OrderCreated(
        order_id=order.id,
        user_id=order.user_id,
        currency=order.currency,
        total=order.total,
        items=[Item.model_validate(item) for item in order.items],
    )
    return CloudEvent.new(source=source, event_type=ORDER_CREATED, subject=str(order.id), data=data)


def order_cancelled(order: Order, *, source: str) -> CloudEvent:
    """Tells that an order was cancelled."""
    data = OrderCancelled(order_id=order.id, user_id=order.user_id)
    return CloudEvent.new(source=source, event_type=ORDER_CANCELLED, subject=str(order.id), data=data)
