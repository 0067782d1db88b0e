"""SQL of the inventory."""

from collections.abc import Collection, Mapping
from uuid import UUID

from fleetkit.database import Connection

from app.inventory.stock import ReservationStatus, Stock

_SELECT = "SELECT available FROM stock WHERE sku = $1"
_SET = """
INSERT INTO stock (sku, available) VALUES ($1, $2) ON CONFLICT (sku) DO UPDATE SET available = excluded.available
"""
# Everybody locks in the same order, so that no two wait for one another.
_LOCK = "SELECT sku, available FROM stock WHERE sku = ANY($1) ORDER BY sku FOR UPDATE"
_ADD = """
UPDATE stock SET available = available + quantity
FROM unnest($1::text[], $2::bigint[]) AS item (wanted, quantity) WHERE sku = wanted
"""
# Waits for whoever is inserting the same order.
_BEGIN = """
INSERT INTO reservations (order_id, status) VALUES ($1, $2) ON CONFLICT (order_id) DO NOTHING RETURNING true
"""
_CHANGE = "UPDATE reservations SET status = $2 WHERE order_id = $1"
_KEEP_ITEMS = """
INSERT INTO reserved_items (order_id, sku, quantity)
SELECT $1, sku, quantity FROM unnest($2::text[], $3::bigint[]) AS item (sku, quantity)
"""
_TAKE_ITEMS = "DELETE FROM reserved_items WHERE order_id = $1 RETURNING sku, quantity"


class InventoryRepository:
    """Reads and writes stock and reservations on the connection of the use case."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, sku: str) -> Stock | None:
        """The stock of a SKU, None where it is not limited."""
        available: int | None = await self._connection.fetchval(_SELECT, sku)
        return None if available is None else Stock(sku, available)

    async def set(self, stock: Stock) -> None:
        """Stores how much can be reserved from now on."""
        await self._connection.execute(_SET, stock.sku, stock.available)

    async def lock(self, skus: Collection[str]) -> dict[str, int]:
        """What is available of those that are limited; nobody else changes it until the transaction ends."""
        rows = await self._connection.fetch(_LOCK, list(skus))
        return {row["sku"]: row["available"] for row in rows}

    async def add(self, quantities: Mapping[str, int]) -> None:
        """Makes so much more of locked stock available; negative numbers take it away."""
        await self._connection.execute(_ADD, list(quantities), list(quantities.values()))

    async def begin(self, order_id: UUID, status: ReservationStatus) -> bool:
        """Stores the first that is known of an order; False where something is known already."""
        return bool(await self._connection.fetchval(_BEGIN, order_id, status.value))

    async def change(self, order_id: UUID, status: ReservationStatus) -> None:
        """Stores what became of the reservation of an order."""
        await self._connection.execute(_CHANGE, order_id, status.value)

    async def keep_items(self, order_id: UUID, quantities: Mapping[str, int]) -> None:
        """Remembers what an order took."""
        await self._connection.execute(_KEEP_ITEMS, order_id, list(quantities), list(quantities.values()))

    async def take_items(self, order_id: UUID) -> dict[str, int]:
        """What an order took, which is forgotten: nobody gives it back twice."""
        return {row["sku"]: row["quantity"] for row in await self._connection.fetch(_TAKE_ITEMS, order_id)}
