"""Stands in for whoever takes the money, while developing."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from fleetkit.database import Database
from fleetkit.events.outbox import append

from app.events.published import payment_completed
from app.models.payment import Payment
from app.services.orders import OrderService


class PretendedPayments:
    """Tells of payments that nobody made."""

    def __init__(self, database: Database, orders: OrderService, *, event_source: str) -> None:
        self._database = database
        self._orders = orders
        self._event_source = event_source

    async def pay(self, order_id: UUID, *, owner: UUID | None) -> Payment:
        """Tells by `payment.completed` that what the order costs was paid.

        Raises:
            OrderNotFoundError: there is none with this id, or it is not of `owner`, where that is not None.
        """
        order = await self._orders.get(order_id, owner=owner)
        payment = Payment(str(uuid4()), order.total, order.currency)
        event = payment_completed(order_id, payment, at=datetime.now(UTC), source=self._event_source)
        async with self._database.transaction() as connection:
            await append(connection, event)
        return payment
