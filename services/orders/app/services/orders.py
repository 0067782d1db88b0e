"""The rules of orders: one transaction for each use case."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import TypeVar
from uuid import UUID, uuid4

from fleetkit.database import Connection, Database
from fleetkit.events.outbox import append
from fleetkit.idempotency import once
from fleetkit.pages import Page, PageRequest
from fleetkit.problems import ConflictError, NotFoundError
from pydantic import TypeAdapter

from app.events.published import order_created
from app.models.order import ImpossibleTransitionError, Order, OrderRequest, OrderStatus
from app.repositories.orders import OrderRepository
from app.services.progress import OrderProgress, lock_purchase

Found = TypeVar("Found")
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
        self._progress = OrderProgress(event_source=event_source)

    async def place(self, request: OrderRequest) -> Order:
        """Stores an order and tells of it by `order.created`; the users service is not asked."""
        async with self._database.transaction() as connection:
            return await self._place(connection, request)

    async def place_once(self, request: OrderRequest, *, subject: str, key: str) -> Order:
        """Does as `place`, or returns the order as it was placed by the same key in the last 24 hours.

        Args:
            request: what is ordered.
            subject: who orders; a key is good for nobody else.
            key: chosen by whoever orders, without spaces.

        Raises:
            RequestInFlightError: it is being placed by this key.
            KeyReusedError: another order was placed by this key.
        """
        async with self._database.transaction() as connection:

            async def make() -> str:
                return _ORDER.dump_json(await self._place(connection, request)).decode()

            return _ORDER.validate_json(await once(connection, f"{subject} {key}", _fingerprint(request), make))

    async def get(self, order_id: UUID, *, owner: UUID | None) -> Order:
        """Finds an order; only one of `owner` where that is not None.

        Raises:
            OrderNotFoundError: there is none with this id, or it is not to be seen.
        """
        async with self._database.acquire() as connection:
            order = await OrderRepository(connection).find(order_id)
        return _visible(_existing(order, order_id), owner)

    async def cancel(self, order_id: UUID, *, owner: UUID | None) -> Order:
        """Cancels an order and tells of it by `order.cancelled`; only one of `owner` where that is not None.

        Raises:
            OrderNotFoundError: there is none with this id, or it is not to be seen.
            OrderNotCancellableError: it has a status from which none cancels it.
        """
        async with self._database.transaction() as connection:
            purchase = _existing(await lock_purchase(connection, order_id), order_id)
            _visible(purchase.order, owner)
            try:
                steps = purchase.cancel()
            except ImpossibleTransitionError as error:
                raise OrderNotCancellableError(str(error)) from error
            return (await self._progress.record(connection, purchase, steps)).order

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


def _existing(found: Found | None, order_id: UUID) -> Found:
    if found is None:
        raise _not_found(order_id)
    return found


def _visible(order: Order, owner: UUID | None) -> Order:
    if owner is not None and order.user_id != owner:
        raise _not_found(order.id)
    return order


def _not_found(order_id: UUID) -> OrderNotFoundError:
    # The same for what belongs to somebody else, or ids could be tried out.
    return OrderNotFoundError(f"There is no order {order_id}")


def _fingerprint(request: OrderRequest) -> str:
    return sha256(_REQUEST.dump_json(request)).hexdigest()
