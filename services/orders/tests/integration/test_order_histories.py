"""Orders, inventory and payments together on a real database, with events in any order and any number of times."""

import json
from collections import defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

from app.inventory.service import InventoryService
from app.inventory.stock import Stock
from app.main import all_handlers
from app.models.order import OrderItem, OrderRequest, OrderStatus
from app.services.orders import OrderNotCancellableError, OrderService
from fleetkit.database import Database
from fleetkit.events import outbox
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.inbox import Inbox
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ORDERS = 3
STOCK = 3
PIECES = 2
PRICE = 4900
ACTIONS = ["deliver", "deliver", "deliver", "deliver_again", "send_again", "cancel", "pay", "pay_other", "pay_wrong"]
PATHS: dict[OrderStatus, list[str]] = {
    OrderStatus.CONFIRMED: ["order.created", "order.confirmed"],
    OrderStatus.FULFILLED: ["order.created", "order.confirmed", "order.paid", "order.fulfilled"],
    OrderStatus.REJECTED: ["order.created", "order.rejected"],
}


class World:
    """A shop whose broker delivers what the test chooses, when it chooses."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.inbox = Inbox(database, "orders", all_handlers("/orders"))
        self.orders = OrderService(database, event_source="/orders")
        self.inventory = InventoryService(database)
        self.sku = f"sku-{uuid4().hex}"
        self.ids: list[UUID] = []
        self.under_way: list[CloudEvent] = []
        self.delivered: list[CloudEvent] = []
        self.told: list[CloudEvent] = []

    async def open(self) -> None:
        await self.inventory.set(Stock(self.sku, STOCK))
        items = (OrderItem(self.sku, PIECES, PRICE), OrderItem("unlimited", 1, 0))
        for _ in range(ORDERS):
            self.ids.append((await self.orders.place(OrderRequest(uuid4(), "EUR", items))).id)
        await self.relay()

    async def relay(self) -> None:
        async with self.database.transaction() as connection:
            messages = await outbox.claim(connection, 1000)
            await outbox.forget(connection, [message.position for message in messages])
        events = [CloudEvent.parse(message.body.encode()) for message in messages]
        self.told += events
        self.under_way += [event for event in events if event.type in self.inbox.types]

    async def deliver(self, event: CloudEvent) -> None:
        await self.inbox.receive(event)
        self.delivered.append(event)
        await self.relay()

    async def act(self, action: str, number: int) -> None:
        order_id = self.ids[number % ORDERS]
        if action == "deliver" and self.under_way:
            await self.deliver(self.under_way.pop(number % len(self.under_way)))
        elif action == "deliver_again" and self.delivered:
            await self.deliver(self.delivered[number % len(self.delivered)])
        elif action == "send_again" and self.delivered:
            again = self.delivered[number % len(self.delivered)].model_copy(update={"id": str(uuid4())})
            await self.deliver(again)
        elif action == "cancel":
            await self.cancel(order_id)
        elif action.startswith("pay"):
            amount = PIECES * PRICE - (action == "pay_wrong")
            self.under_way.append(payment(order_id, f"{action} {order_id}", amount))

    async def cancel(self, order_id: UUID) -> None:
        try:
            await self.orders.cancel(order_id, owner=None)
        except OrderNotCancellableError:
            return
        await self.relay()

    async def finish(self) -> None:
        while self.under_way:
            await self.deliver(self.under_way.pop())


def payment(order_id: UUID, payment_id: str, amount: int) -> CloudEvent:
    data = {"order_id": str(order_id), "payment_id": payment_id, "amount": amount, "currency": "EUR"}
    return CloudEvent(id=str(uuid4()), source="/bank", type="payment.completed", time=datetime.now(UTC), data=data)


def assert_told_once_and_in_order(status: OrderStatus, events: list[CloudEvent]) -> None:
    changes = sorted((e for e in events if e.type != "order.refund_requested"), key=lambda event: event.time)
    assert all(before.time < after.time for before, after in pairwise(changes))
    types = [event.type for event in changes]
    if status is OrderStatus.CANCELLED:
        assert types in (["order.created", "order.cancelled"], ["order.created", "order.confirmed", "order.cancelled"])
    else:
        assert types == PATHS[status]


def assert_money_is_kept_or_given_back(status: OrderStatus, paid: set[str], events: list[CloudEvent]) -> None:
    refunded = [event.data["payment_id"] for event in events if event.type == "order.refund_requested"]
    assert len(set(refunded)) == len(refunded)
    kept = [event.data["payment_id"] for event in events if event.type == "order.paid"]
    assert sorted([*kept, *refunded]) == sorted(paid)
    assert len(kept) == (status is OrderStatus.FULFILLED)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happenings=st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 97)), max_size=40))
async def test_the_books_are_balanced_whatever_happens(database: Database, happenings: list[tuple[str, int]]) -> None:
    world = World(database)
    await world.open()
    for action, number in happenings:
        await world.act(action, number)
    await world.finish()

    events: dict[str, list[CloudEvent]] = defaultdict(list)
    for event in world.told:
        if event.type.startswith("order."):
            events[str(event.subject)].append(event)
    paid: dict[str, set[str]] = defaultdict(set)
    for event in world.delivered:
        if event.type == "payment.completed":
            paid[event.data["order_id"]].add(event.data["payment_id"])
    statuses = []
    for order_id in map(str, world.ids):
        status = (await world.orders.get(UUID(order_id), owner=None)).status
        statuses.append(status)
        assert_told_once_and_in_order(status, events[order_id])
        assert_money_is_kept_or_given_back(status, paid[order_id], events[order_id])
    holding = [status for status in statuses if status in {OrderStatus.CONFIRMED, OrderStatus.FULFILLED}]
    assert (await world.inventory.get(world.sku)).available == STOCK - PIECES * len(holding)


async def test_a_payment_for_an_order_that_does_not_exist_goes_back_once(database: Database) -> None:
    world = World(database)
    unknown = uuid4()
    for _ in range(2):
        await world.deliver(payment(unknown, "payment-of-nothing", 100))
    (refund,) = world.told
    data: dict[str, Any] = json.loads(refund.model_dump_json())["data"]
    assert (refund.type, data["order_id"], data["reason"]) == ("order.refund_requested", str(unknown), "unknown_order")
