"""SQL of orders."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from fleetkit.database import Connection, Row
from fleetkit.pages import Cursor, Page, PageRequest

from app.models.order import Order, OrderItem, OrderStatus

_END = Cursor(datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))
_INSERT = """
INSERT INTO orders (id, user_id, state, currency, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)
"""
_INSERT_ITEMS = """
INSERT INTO order_items (order_id, line, sku, quantity, unit_price)
SELECT $1, line, sku, quantity, unit_price
FROM unnest($2::text[], $3::int[], $4::bigint[]) WITH ORDINALITY AS item (sku, quantity, unit_price, line)
"""
_SELECT = """
SELECT id, user_id, state, currency, created_at, sku, quantity, unit_price
FROM orders JOIN order_items ON order_id = id WHERE id = $1 ORDER BY line
"""
_LOCK = _SELECT + " FOR UPDATE OF orders"
_SET_STATUS = """
UPDATE orders SET state = $2, updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')
WHERE id = $1 RETURNING updated_at
"""
# Statements of their own for each choice of index: a prepared one that fits all gets a plan that fits none.
_PAGE = """
SELECT id, user_id, state, currency, created_at FROM orders
WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3
"""
_PAGE_OF_USER = """
SELECT id, user_id, state, currency, created_at FROM orders
WHERE user_id = $4 AND (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3
"""
_ITEMS = """
SELECT order_id, sku, quantity, unit_price FROM order_items WHERE order_id = ANY($1) ORDER BY order_id, line
"""


class OrderRepository:
    """Reads and writes orders on the connection of the use case."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, order: Order) -> None:
        """Stores a new order with its items."""
        await self._connection.execute(
            _INSERT, order.id, order.user_id, order.status.value, order.currency, order.created_at
        )
        await self._connection.execute(
            _INSERT_ITEMS,
            order.id,
            [item.sku for item in order.items],
            [item.quantity for item in order.items],
            [item.unit_price for item in order.items],
        )

    async def find(self, order_id: UUID) -> Order | None:
        """The order with its items, None where there is none."""
        rows = await self._connection.fetch(_SELECT, order_id)
        return _order(rows[0], rows) if rows else None

    async def lock(self, order_id: UUID) -> Order | None:
        """The order, which nobody else changes until the transaction ends; None where there is none."""
        rows = await self._connection.fetch(_LOCK, order_id)
        return _order(rows[0], rows) if rows else None

    async def set_status(self, order: Order) -> datetime:
        """Stores the status of a locked order and returns when, later than any change of this order before."""
        changed: datetime = await self._connection.fetchval(_SET_STATUS, order.id, order.status.value)
        return changed

    async def page(self, request: PageRequest, *, user_id: UUID | None) -> Page[Order]:
        """Orders with their items, newest first; only those of one user where `user_id` is not None."""
        after = request.after or _END
        place = (after.at, after.id, request.limit + 1)
        if user_id is None:
            rows = await self._connection.fetch(_PAGE, *place)
        else:
            rows = await self._connection.fetch(_PAGE_OF_USER, *place, user_id)
        items = await self._items([row["id"] for row in rows])
        return Page.of_rows(rows, request.limit, lambda row: _order(row, items[row["id"]]))

    async def _items(self, order_ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
        items: dict[UUID, list[Row]] = defaultdict(list)
        for row in await self._connection.fetch(_ITEMS, order_ids):
            items[row["order_id"]].append(row)
        return items


def _order(row: Row, items: Iterable[Row]) -> Order:
    return Order(
        id=row["id"],
        user_id=row["user_id"],
        status=OrderStatus(row["state"]),
        currency=row["currency"],
        items=tuple(OrderItem(item["sku"], item["quantity"], item["unit_price"]) for item in items),
        created_at=row["created_at"],
    )
