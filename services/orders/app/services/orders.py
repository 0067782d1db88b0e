"""The rules of orders: one transaction for each use case."""

from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID, uuid4

from fleetkit.database import Connection, Database
from fleetkit.events.outbox import append
from fleetkit.idempotency import once
from fleetkit.pages import Page, PageRequest
from fleetkit.problems import ConflictError, NotFoundError
from pydantic import TypeAdapter

from app.events.published import order_cancelled, order_created
from app.models.order import ImpossibleTransitionError, Order, OrderRequest, OrderStatus
from app.repositories.orders import OrderRepository

_ORDER = TypeAdapter(Order)
_REQUEST = TypeAdapter(OrderRequest)


class OrderNotFoundError(NotFoundError):
    code = "order_not_found"


class OrderNotCancellableError(ConflictError):
    code = "order_not_cancellable"


class OrderService:
    """What can be done with orders."""

    def __init__(self, database: Database, *, event_source: str) -> None:
        self._database = database
        self._event_source = event_source

    async def place(self, request: OrderRequest) -> Order:
        """Stores an order and tells of it by `order.created`; the users service is not asked."""
        async with self._database.transaction() as connection:
            return await self._place(connection, request)

    async def place_once(self, request: OrderRequest, key: str) -> Order:
        """Does as `place`, or returns the order as it was placed by the same key in the last 24 hours.

        Raises:
            RequestInFlightError: it is being placed by this key.
            KeyReusedError: another order was placed by this key.
        """
        async with self._database.transaction() as connection:

            async def make() -> str:
                return _ORDER.dump_json(await self._place(connection, request)).decode()

            return _ORDER.validate_json(await once(connection, key, _fingerprint(request), make))

    async def get(self, order_id: UUID) -> Order:
        """Finds an order.

        Raises:
            OrderNotFoundError: there is none with this id.
        """
        async with self._database.acquire() as connection:
            order = await OrderRepository(connection).find(order_id)
        return _existing(order, order_id)

    async def cancel(self, order_id: UUID) -> Order:
        """Cancels an order and tells of it by `order.cancelled`.

        Raises:
            OrderNotFoundError: there is none with this id.
            OrderNotCancellableError: it has a status from which none cancels it.
        """
        async with self._database.transaction() as connection:
            repository = OrderRepository(connection)
            order = _existing(await repository.lock(order_id), order_id)
            try:
                cancelled = order.become(OrderStatus.CANCELLED)
            except ImpossibleTransitionError as error:
                raise OrderNotCancellableError(str(error)) from error
            await repository.set_status(cancelled)
            await append(connection, order_cancelled(cancelled, source=self._event_source))
        return cancelled

    async def _place(self, connection: Connection, request: OrderRequest) -> Order:
        order = Order(
            id=uuid4(),
            user_id=request.user_id,
            status=OrderStatus.PENDING,
            currency=request.currency,
            items=request.items,
            created_at=datetime.now(UTC),
        )
        await OrderRepository(connection).add(order)
        await append(connection, order_created(order, source=self._event_source))
        return order

    async def page(self, request: PageRequest, *, user_id: UUID | None) -> Page[Order]:
        """Lists orders, newest first; only those of one user where `user_id` is not None."""
        async with self._database.acquire() as connection:
            return await OrderRepository(connection).page(request, user_id=user_id)


def _existing(order: Order | None, order_id: UUID) -> Order:
    if order is None:
        raise OrderNotFoundError(f"There is no order {order_id}")
    return order


def _fingerprint(request: OrderRequest) -> str:
    return sha256(_REQUEST.dump_json(request)).hexdigest()
