"""The rules of the inventory."""

from collections.abc import Mapping
from uuid import UUID

from fleetkit.database import Connection, Database
from fleetkit.events.outbox import append
from fleetkit.problems import NotFoundError

from app.inventory.published import inventory_rejected, inventory_reserved
from app.inventory.repository import InventoryRepository
from app.inventory.stock import ReservationStatus, Stock, missing_skus


class SkuNotLimitedError(NotFoundError):
    code = "sku_not_limited"


class InventoryService:
    """What an administrator does with stock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, sku: str) -> Stock:
        """Finds the stock of a SKU.

        Raises:
            SkuNotLimitedError: none is kept: any quantity can be ordered.
        """
        async with self._database.acquire() as connection:
            stock = await InventoryRepository(connection).find(sku)
        if stock is None:
            raise SkuNotLimitedError(f"No stock of {sku} is kept: it is not limited")
        return stock

    async def set(self, stock: Stock) -> Stock:
        """Says how much can be reserved from now on, whatever was before."""
        async with self._database.transaction() as connection:
            await InventoryRepository(connection).set(stock)
        return stock


class Reservations:
    """Takes the items of orders from stock and gives them back, in the transaction of the given connection."""

    def __init__(self, *, event_source: str) -> None:
        self._event_source = event_source

    async def reserve(self, connection: Connection, order_id: UUID, wanted: Mapping[str, int]) -> None:
        """Takes all items of an order or none, and tells which; nothing where something is known of the order.

        Args:
            connection: with a transaction open.
            order_id: whose items.
            wanted: how many pieces, by SKU.
        """
        repository = InventoryRepository(connection)
        if not await repository.begin(order_id, ReservationStatus.RESERVED):
            return
        stock = await repository.lock(wanted)
        missing = missing_skus(wanted, stock)
        if missing:
            await repository.change(order_id, ReservationStatus.REJECTED)
            await append(connection, inventory_rejected(order_id, missing, source=self._event_source))
            return
        await self._take(repository, order_id, {sku: wanted[sku] for sku in stock})
        await append(connection, inventory_reserved(order_id, source=self._event_source))

    async def release(self, connection: Connection, order_id: UUID) -> None:
        """Gives back what an order took; where nothing is known of it yet, it will take nothing."""
        repository = InventoryRepository(connection)
        if await repository.begin(order_id, ReservationStatus.RELEASED):
            return
        await repository.change(order_id, ReservationStatus.RELEASED)
        taken = await repository.take_items(order_id)
        if taken:
            await repository.lock(taken)
            await repository.add(taken)

    async def _take(self, repository: InventoryRepository, order_id: UUID, quantities: Mapping[str, int]) -> None:
        if quantities:
            await repository.add({sku: -quantity for sku, quantity in quantities.items()})
            await repository.keep_items(order_id, quantities)
