"""The events that orders sends; their schemas are in `contracts/events`.

The time of an event is that of the change in the database, so that the events of one order have an order.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from fleetkit.events.cloudevents import CloudEvent
from pydantic import BaseModel, ConfigDict

from app.models.order import Order, OrderStatus
from app.models.payment import Payment, RefundReason
from app.models.purchase import Purchase, Rejection, StatusReached

ORDER_CREATED = "order.created"
ORDER_REFUND_REQUESTED = "order.refund_requested"
PAYMENT_COMPLETED = "payment.completed"
STATUS_EVENTS: Mapping[OrderStatus, str] = {
    OrderStatus.CONFIRMED: "order.confirmed",
    OrderStatus.REJECTED: "order.rejected",
    OrderStatus.CANCELLED: "order.cancelled",
    OrderStatus.PAID: "order.paid",
    OrderStatus.FULFILLED: "order.fulfilled",
}


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


class OrderReached(BaseModel):
    """The data of `order.confirmed`, `order.cancelled` and `order.fulfilled`."""

    order_id: UUID
    user_id: UUID


class OrderRejected(OrderReached):
    """The data of `order.rejected`: why the items could not be had, and which of them."""

    reason: str
    missing: tuple[str, ...]


class OrderPaid(OrderReached):
    """The data of `order.paid`."""

    payment_id: str
    amount: int
    currency: str


class PaymentCompleted(BaseModel):
    """The data of `payment.completed`."""

    order_id: UUID
    payment_id: str
    amount: int
    currency: str


class OrderRefundRequested(PaymentCompleted):
    """The data of `order.refund_requested`: a payment that has to go back, and why."""

    reason: RefundReason


def order_created(order: Order, *, source: str) -> CloudEvent:
    """Tells of a new order."""
    data = OrderCreated(
        order_id=order.id,
        user_id=order.user_id,
        currency=order.currency,
        total=order.total,
        items=[Item.model_validate(item) for item in order.items],
    )
    return _event(ORDER_CREATED, order.id, data, at=order.created_at, source=source)


def status_reached(purchase: Purchase, step: StatusReached, *, at: datetime, source: str) -> CloudEvent:
    """Tells of the status that an order got by a step, after which the purchase is as given."""
    data = _rejected(purchase.order, step.rejection) if step.rejection else _reached(purchase, step.status)
    return _event(STATUS_EVENTS[step.status], purchase.order.id, data, at=at, source=source)


def refund_requested(
    order_id: UUID, payment: Payment, reason: RefundReason, *, at: datetime, source: str
) -> CloudEvent:
    """Tells that a payment has to go back."""
    data = OrderRefundRequested(**_payment(order_id, payment).model_dump(), reason=reason)
    return _event(ORDER_REFUND_REQUESTED, order_id, data, at=at, source=source)


def payment_completed(order_id: UUID, payment: Payment, *, at: datetime, source: str) -> CloudEvent:
    """Tells, as whoever takes the money would, that an order was paid."""
    return _event(PAYMENT_COMPLETED, order_id, _payment(order_id, payment), at=at, source=source)


def _reached(purchase: Purchase, status: OrderStatus) -> OrderReached:
    order = purchase.order
    if status is OrderStatus.PAID and purchase.kept is not None:
        return OrderPaid(user_id=order.user_id, **_payment(order.id, purchase.kept).model_dump())
    return OrderReached(order_id=order.id, user_id=order.user_id)


def _rejected(order: Order, rejection: Rejection) -> OrderRejected:
    return OrderRejected(order_id=order.id, user_id=order.user_id, reason=rejection.reason, missing=rejection.missing)


def _payment(order_id: UUID, payment: Payment) -> PaymentCompleted:
    return PaymentCompleted(order_id=order_id, payment_id=payment.id, amount=payment.amount, currency=payment.currency)


def _event(event_type: str, order_id: UUID, data: BaseModel, *, at: datetime, source: str) -> CloudEvent:
    return CloudEvent.new(source=source, event_type=event_type, subject=str(order_id), data=data, time=at)
