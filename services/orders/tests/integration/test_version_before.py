"""What the version before does in its own SQL while this one runs beside it."""

from uuid import UUID, uuid4

import asyncpg
import pytest
from app.models.order import OrderStatus
from app.repositories.orders import OrderRepository
from fleetkit.database import Connection, Database, DatabaseUnavailableError

_PLACE = "INSERT INTO orders (id, user_id, status, currency, created_at) VALUES ($1, $2, $3, $4, now())"
_ADD_ITEM = "INSERT INTO order_items (order_id, line, sku, quantity, unit_price) VALUES ($1, 1, 'keyboard', 1, 100)"
_STATUS = "SELECT status FROM orders WHERE id = $1 FOR UPDATE OF orders"
_CANCEL = "UPDATE orders SET status = $2 WHERE id = $1"
_MOVE = "UPDATE orders SET state = $2 WHERE id = $1"
_PAY = "INSERT INTO payments (id, order_id, amount, currency) VALUES ($1, $2, 100, 'EUR')"


async def placed_by_version_before(connection: Connection) -> UUID:
    order_id = uuid4()
    await connection.execute(_PLACE, order_id, uuid4(), "pending", "EUR")
    await connection.execute(_ADD_ITEM, order_id)
    return order_id


async def status_here(connection: Connection, order_id: UUID) -> OrderStatus:
    order = await OrderRepository(connection).find(order_id)
    assert order is not None
    return order.status


async def test_its_orders_are_pending_here(database: Database) -> None:
    async with database.transaction() as connection:
        order_id = await placed_by_version_before(connection)
        assert await status_here(connection, order_id) is OrderStatus.PENDING


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("confirmed", "pending"),
        ("paid", "pending"),
        ("fulfilled", "pending"),
        ("rejected", "cancelled"),
        ("cancelled", "cancelled"),
    ],
)
async def test_it_reads_nothing_that_it_does_not_know(database: Database, status: str, shown: str) -> None:
    async with database.transaction() as connection:
        order_id = await placed_by_version_before(connection)
        await connection.execute(_MOVE, order_id, status)
        assert await connection.fetchval(_STATUS, order_id) == shown


@pytest.mark.parametrize("status", ["pending", "confirmed"])
async def test_what_it_cancels_is_cancelled_here_too(database: Database, status: str) -> None:
    async with database.transaction() as connection:
        order_id = await placed_by_version_before(connection)
        await connection.execute(_MOVE, order_id, status)
        changed = await connection.fetchval("SELECT updated_at FROM orders WHERE id = $1", order_id)
        await connection.execute(_CANCEL, order_id, "cancelled")
        assert await status_here(connection, order_id) is OrderStatus.CANCELLED
        assert changed < await connection.fetchval("SELECT updated_at FROM orders WHERE id = $1", order_id)


@pytest.mark.parametrize("status", ["pending", "paid", "fulfilled"])
async def test_it_cancels_nothing_that_is_paid_and_is_told_to_try_again(database: Database, status: str) -> None:
    async with database.transaction() as connection:
        order_id = await placed_by_version_before(connection)
        await connection.execute(_MOVE, order_id, status)
        await connection.execute(_PAY, str(order_id), order_id)
    with pytest.raises(DatabaseUnavailableError) as caught:
        async with database.transaction() as connection:
            await connection.execute(_CANCEL, order_id, "cancelled")
    assert isinstance(caught.value.__cause__, asyncpg.LockNotAvailableError)
    async with database.acquire() as connection:
        assert await status_here(connection, order_id) == status
