"""Orders from the first request to the last event, over the real broker."""

import json
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fleetkit.testing import eventually
from fleetkit.testing.brokers import BACKENDS, BrokerPlace, NextEvent
from fleetkit.testing.tokens import user_headers

pytestmark = pytest.mark.parametrize("backend", BACKENDS)


async def told(next_event: NextEvent, types: set[str]) -> list[dict[str, Any]]:
    """Waits for events of all these types, and returns them in the order of their times."""
    events: dict[str, dict[str, Any]] = {}
    while not events.keys() >= types:
        heard = await next_event()
        events[heard.type] = json.loads(heard.body)
    return sorted(events.values(), key=lambda event: str(event["time"]))


async def place(client: httpx2.AsyncClient, sku: str = "keyboard", quantity: int = 2) -> str:
    items = [{"sku": sku, "quantity": quantity, "unit_price": 4900}]
    answer = await client.post("/orders", json={"currency": "EUR", "items": items}, headers=user_headers(uuid4()))
    order_id: str = answer.raise_for_status().json()["id"]
    return order_id


async def reaches(client: httpx2.AsyncClient, order_id: str, status: str) -> None:
    async def is_there() -> bool:
        return bool((await client.get(f"/orders/{order_id}")).json()["status"] == status)

    await eventually(is_there)


async def has_stock(client: httpx2.AsyncClient, sku: str, available: int) -> None:
    async def is_there() -> bool:
        return bool((await client.get(f"/inventory/{sku}")).json()["available"] == available)

    await eventually(is_there)


async def test_a_paid_order_is_fulfilled_and_each_step_is_told(client: httpx2.AsyncClient, broker: BrokerPlace) -> None:
    types = {"order.fulfilled", "order.paid", "order.confirmed", "order.created"}
    await client.put("/inventory/keyboard", json={"available": 5})
    async with broker.listening(*types) as next_event:
        order_id = await place(client)
        await reaches(client, order_id, "confirmed")
        await client.post(f"/orders/{order_id}/payment")
        await reaches(client, order_id, "fulfilled")
        events = await told(next_event, types)
    assert [event["type"] for event in events] == ["order.created", "order.confirmed", "order.paid", "order.fulfilled"]
    assert {event["subject"] for event in events} == {order_id}
    assert all(before["time"] < after["time"] for before, after in pairwise(events))
    assert (await client.get("/inventory/keyboard")).json()["available"] == 3
    refused = await client.post(f"/orders/{order_id}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "order_not_cancellable")


async def test_an_order_of_what_there_is_not_is_rejected_and_its_payment_goes_back(
    client: httpx2.AsyncClient, broker: BrokerPlace
) -> None:
    types = {"order.rejected", "order.refund_requested"}
    await client.put("/inventory/keyboard", json={"available": 1})
    async with broker.listening(*types) as next_event:
        order_id = await place(client)
        await reaches(client, order_id, "rejected")
        payment = (await client.post(f"/orders/{order_id}/payment")).json()
        events = {event["type"]: event["data"] for event in await told(next_event, types)}
    assert (events["order.rejected"]["reason"], events["order.rejected"]["missing"]) == (
        "insufficient_stock",
        ["keyboard"],
    )
    refund = events["order.refund_requested"]
    assert (refund["payment_id"], refund["amount"], refund["reason"]) == (payment["id"], 9800, "order_rejected")


async def test_a_cancelled_order_gives_its_items_back(client: httpx2.AsyncClient) -> None:
    await client.put("/inventory/keyboard", json={"available": 5})
    order_id = await place(client)
    await has_stock(client, "keyboard", 3)
    await client.post(f"/orders/{order_id}/cancel")
    await has_stock(client, "keyboard", 5)


@pytest.mark.parametrize("body", ['{"order_id": "none"}', '{"order_id": "5f0c7a52-58a4-4a0e-9c3b-6f1f7b7f5d11"}'])
async def test_what_can_never_be_understood_is_parked(
    client: httpx2.AsyncClient, broker: BrokerPlace, body: str
) -> None:
    event = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/orders",
        "type": "inventory.reserved",
        "time": "2026-01-01T00:00:00Z",
        "data": json.loads(body),
    }

    async def is_routed() -> bool:
        return await broker.publish("inventory.reserved", json.dumps(event))

    await eventually(is_routed)

    async def is_parked() -> bool:
        return bool(await broker.parked("orders", "inventory.reserved"))

    await eventually(is_parked)
