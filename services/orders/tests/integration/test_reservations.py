import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from app.inventory.consumed import inventory_handlers
from app.inventory.service import InventoryService
from app.inventory.stock import Stock
from fleetkit.database import Database
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.inbox import Inbox


class Warehouse:
    """The inventory on a real database, to which events are brought by hand."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._inbox = Inbox(database, "inventory", inventory_handlers(event_source="/orders"))
        self._service = InventoryService(database)

    async def stock(self, **available: int) -> None:
        for sku, pieces in available.items():
            await self._service.set(Stock(sku, pieces))

    async def available(self, *skus: str) -> list[int]:
        return [(await self._service.get(sku)).available for sku in skus]

    async def order(self, order_id: UUID, items: Mapping[str, int] | Sequence[tuple[str, int]]) -> None:
        lines = items.items() if isinstance(items, Mapping) else items
        sent = [{"sku": sku, "quantity": quantity, "unit_price": 1} for sku, quantity in lines]
        await self._receive("order.created", order_id, items=sent)

    async def cancel(self, order_id: UUID) -> None:
        await self._receive("order.cancelled", order_id)

    async def told(self) -> list[tuple[str, dict[str, Any]]]:
        async with self._database.acquire() as connection:
            rows = await connection.fetch("SELECT body::text FROM outbox ORDER BY position")
        events = [CloudEvent.parse(row["body"].encode()) for row in rows]
        return [(event.type, event.data) for event in events]

    async def _receive(self, event_type: str, order_id: UUID, **data: object) -> None:
        event = CloudEvent(
            id=str(uuid4()),
            source="/orders",
            type=event_type,
            subject=str(order_id),
            time=datetime.now(UTC),
            data={"order_id": str(order_id), **data},
        )
        await self._inbox.receive(event)


@pytest.fixture
def warehouse(database: Database) -> Warehouse:
    return Warehouse(database)


async def test_takes_what_is_ordered_from_stock(warehouse: Warehouse) -> None:
    await warehouse.stock(keyboard=5, mouse=1)
    await warehouse.order(order_id := uuid4(), {"keyboard": 2, "mouse": 1})
    assert await warehouse.available("keyboard", "mouse") == [3, 0]
    assert await warehouse.told() == [("inventory.reserved", {"order_id": str(order_id)})]


async def test_takes_nothing_where_something_is_missing_and_names_it(warehouse: Warehouse) -> None:
    await warehouse.stock(keyboard=5, mouse=0, cable=1)
    await warehouse.order(order_id := uuid4(), {"mouse": 1, "keyboard": 2, "cable": 2})
    assert await warehouse.available("keyboard", "mouse", "cable") == [5, 0, 1]
    missing = {"reason": "insufficient_stock", "missing": ["cable", "mouse"]}
    assert await warehouse.told() == [("inventory.rejected", {"order_id": str(order_id), **missing})]


async def test_counts_several_lines_of_a_sku_together(warehouse: Warehouse) -> None:
    await warehouse.stock(keyboard=3)
    await warehouse.order(uuid4(), [("keyboard", 2), ("keyboard", 2)])
    await warehouse.order(uuid4(), [("keyboard", 1), ("keyboard", 2)])
    assert [event_type for event_type, _ in await warehouse.told()] == ["inventory.rejected", "inventory.reserved"]
    assert await warehouse.available("keyboard") == [0]


async def test_a_sku_without_stock_is_not_limited(warehouse: Warehouse) -> None:
    await warehouse.order(uuid4(), {"sticker": 10_000})
    assert [event_type for event_type, _ in await warehouse.told()] == ["inventory.reserved"]


async def test_gives_back_what_a_cancelled_order_took_and_only_once(warehouse: Warehouse) -> None:
    await warehouse.stock(keyboard=5, mouse=1)
    await warehouse.order(order_id := uuid4(), {"keyboard": 2, "mouse": 1})
    await warehouse.cancel(order_id)
    await warehouse.cancel(order_id)
    assert await warehouse.available("keyboard", "mouse") == [5, 1]


async def test_gives_nothing_back_that_was_not_limited_when_it_was_ordered(warehouse: Warehouse) -> None:
    await warehouse.order(order_id := uuid4(), {"keyboard": 2})
    await warehouse.stock(keyboard=5)
    await warehouse.cancel(order_id)
    assert await warehouse.available("keyboard") == [5]


async def test_an_order_told_twice_takes_once(warehouse: Warehouse) -> None:
    await warehouse.stock(keyboard=5)
    order_id = uuid4()
    await warehouse.order(order_id, {"keyboard": 2})
    await warehouse.order(order_id, {"keyboard": 2})
    assert await warehouse.available("keyboard") == [3]
    assert len(await warehouse.told()) == 1


async def test_an_order_whose_cancellation_came_first_takes_nothing(warehouse: Warehouse) -> None:
    await warehouse.stock(keyboard=5)
    await warehouse.cancel(order_id := uuid4())
    await warehouse.order(order_id, {"keyboard": 2})
    assert await warehouse.available("keyboard") == [5]
    assert await warehouse.told() == []


async def test_orders_at_the_same_time_share_the_stock_without_waiting_for_one_another(warehouse: Warehouse) -> None:
    await warehouse.stock(keyboard=10, mouse=10)
    items = [[("keyboard", 1), ("mouse", 1)], [("mouse", 1), ("keyboard", 1)]]
    async with asyncio.timeout(20):
        await asyncio.gather(*(warehouse.order(uuid4(), items[number % 2]) for number in range(30)))
    told = [event_type for event_type, _ in await warehouse.told()]
    assert (told.count("inventory.reserved"), told.count("inventory.rejected")) == (10, 20)
    assert await warehouse.available("keyboard", "mouse") == [0, 0]


async def test_whatever_wins_a_cancelled_order_holds_nothing(warehouse: Warehouse) -> None:
    await warehouse.stock(keyboard=100, mouse=100)
    orders = [uuid4() for _ in range(20)]
    wanted = {"keyboard": 1, "mouse": 1}
    await asyncio.gather(
        *(warehouse.order(order_id, wanted) for order_id in orders),
        *(warehouse.cancel(order_id) for order_id in orders),
    )
    assert await warehouse.available("keyboard", "mouse") == [100, 100]
