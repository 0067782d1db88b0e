"""The rules of orders: one transaction for each use case."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from fleetkit.database import Database
from fleetkit.events.outbox import append
from fleetkit.pages import Page, PageRequest
from fleetkit.problems import NotFoundError

from app.events.published import order_created
from app.models.order import Order, OrderItem, OrderStatus
from app.repositories.orders import OrderRepository


class OrderNotFoundError(NotFoundError):
    code = "order_not_found"


class OrderService:
    """What can be done with orders."""

    def __init__(self, database: Database, *, event_source: str) -> None:
        self._database = database
        self._event_source = event_source

    async def place(self, *, user_id: UUID, currency: str, items: Sequence[OrderItem]) -> Order:
        """Stores an order and tells of it by `order.created`; the users service is not asked."""
        order = Order(
            id=uuid4(),
            user_id=user_id,
            status=OrderStatus.PENDING,
            currency=currency,
            items=tuple(items),
            created_at=datetime.now(UTC),
        )
        async with self._database.transaction() as connection:
            await OrderRepository(connection).add(order)
            await append(connection, order_created(order, source=self._event_source))
        return order

    async def get(self, order_id: UUID) -> Order:
        """Finds an order.

        Raises:
            OrderNotFoundError: there is none with this id.
        """
        async with self._database.acquire() as connection:
            order = await OrderRepository(connection).find(order_id)
        if order is None:
            raise OrderNotFoundError(f"There is no order {order_id}")
        return order

    async def page(self, request: PageRequest, *, user_id: UUID | None) -> Page[Order]:
        """Lists orders, newest first; only those of one user where `user_id` is not None."""
        async with self._database.acquire() as connection:
            return await OrderRepository(connection).page(request, user_id=user_id)
