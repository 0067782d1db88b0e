"""SQL of orders."""

from collections.abc import Sequence
from uuid import UUID

from fleetkit.database import Connection, Row

from app.models.order import Order, OrderItem, OrderStatus

_INSERT = "INSERT INTO orders (id, user_id, status, currency, created_at) VALUES ($1, $2, $3, $4, $5)"
_INSERT_ITEMS = """
INSERT INTO order_items (order_id, line, sku, quantity, unit_price)
SELECT $1, line, sku, quantity, unit_price
FROM unnest($2::text[], $3::int[], $4::bigint[]) WITH ORDINALITY AS item (sku, quantity, unit_price, line)
"""
_SELECT = """
SELECT id, user_id, status, currency, created_at, sku, quantity, unit_price
FROM orders JOIN order_items ON order_id = id WHERE id = $1 ORDER BY line
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
        return _order(rows) if rows else None


def _order(rows: Sequence[Row]) -> Order:
    first = rows[0]
    return Order(
        id=first["id"],
        user_id=first["user_id"],
        status=OrderStatus(first["status"]),
        currency=first["currency"],
        items=tuple(OrderItem(row["sku"], row["quantity"], row["unit_price"]) for row in rows),
        created_at=first["created_at"],
    )
