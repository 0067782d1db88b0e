"""What becomes of an order by itself: each step is stored and told in the transaction of what caused it."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from fleetkit.database import Connection
from fleetkit.events.cloudevents import InvalidEventError
from fleetkit.events.outbox import append

from app.events.published import refund_requested, status_reached
from app.models.payment import Payment, RefundReason
from app.models.purchase import PaymentReceived, PaymentReturned, Purchase, Rejection, StatusReached, Step
from app.repositories.orders import OrderRepository
from app.repositories.payments import PaymentRepository


class OrderProgress:
    """Moves orders on, in the transaction that the given connection has open."""

    def __init__(self, *, event_source: str) -> None:
        self._event_source = event_source

    async def confirm(self, connection: Connection, order_id: UUID) -> None:
        """The items of an order are reserved.

        Raises:
            InvalidEventError: there is no such order.
        """
        purchase = await self._existing(connection, order_id)
        await self.record(connection, purchase, purchase.confirm())

    async def reject(self, connection: Connection, order_id: UUID, rejection: Rejection) -> None:
        """The items of an order cannot be had.

        Raises:
            InvalidEventError: there is no such order.
        """
        purchase = await self._existing(connection, order_id)
        await self.record(connection, purchase, purchase.reject(rejection))

    async def pay(self, connection: Connection, order_id: UUID, payment: Payment) -> None:
        """A payment is complete; one for an order that does not exist goes back.

        Raises:
            InvalidEventError: the payment's id belongs to the payment of another order.
        """
        purchase = await lock_purchase(connection, order_id)
        if purchase is None:
            await self._refuse(connection, order_id, payment)
        else:
            await self.record(connection, purchase, purchase.pay(payment))

    async def record(self, connection: Connection, purchase: Purchase, steps: tuple[Step, ...]) -> Purchase:
        """Stores and tells each step of a locked purchase, and returns what it is after the last.

        Raises:
            InvalidEventError: the id of a payment belongs to the payment of another order.
        """
        for step in steps:
            purchase = purchase.after(step)
            match step:
                case StatusReached():
                    at = await OrderRepository(connection).set_status(purchase.order)
                    await append(connection, status_reached(purchase, step, at=at, source=self._event_source))
                case PaymentReceived(payment):
                    await self._receive(connection, purchase.order.id, payment)
                case PaymentReturned(payment):
                    returned = await PaymentRepository(connection).give_back(payment)
                    await self._tell_refund(connection, purchase.order.id, payment, returned)
        return purchase

    async def _receive(self, connection: Connection, order_id: UUID, payment: Payment) -> None:
        received = await PaymentRepository(connection).add(order_id, payment)
        if received is None:
            raise InvalidEventError(f"Payment {payment.id} is of another order than {order_id}")
        await self._tell_refund(connection, order_id, payment, received)

    async def _refuse(self, connection: Connection, order_id: UUID, payment: Payment) -> None:
        refused = replace(payment, refund_reason=RefundReason.UNKNOWN_ORDER)
        received = await PaymentRepository(connection).add(order_id, refused)
        if received is not None:
            await self._tell_refund(connection, order_id, refused, received)

    async def _tell_refund(self, connection: Connection, order_id: UUID, payment: Payment, at: datetime) -> None:
        if payment.refund_reason is not None:
            event = refund_requested(order_id, payment, payment.refund_reason, at=at, source=self._event_source)
            await append(connection, event)

    async def _existing(self, connection: Connection, order_id: UUID) -> Purchase:
        purchase = await lock_purchase(connection, order_id)
        if purchase is None:
            raise InvalidEventError(f"There is no order {order_id}")
        return purchase


async def lock_purchase(connection: Connection, order_id: UUID) -> Purchase | None:
    """The order with its payments, which nobody else changes until the transaction ends; None where there is none."""
    order = await OrderRepository(connection).lock(order_id)
    return Purchase(order, await PaymentRepository(connection).of_order(order_id)) if order else None
