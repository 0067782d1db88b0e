import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID, uuid4

import aio_pika
import httpx2
import pytest
from aio_pika.abc import AbstractIncomingMessage
from fleetkit.testing import VirtualHost, eventually

ADA = {"email": "ada@example.com", "name": "Ada"}


def order_created(user_id: UUID | str, event_id: UUID | None = None) -> str:
    return order_event("order.created", user_id, event_id)


def order_event(event_type: str, user_id: UUID | str, event_id: UUID | None = None) -> str:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": str(event_id or uuid4()),
            "source": "/orders",
            "type": event_type,
            "time": "2026-01-01T00:00:00Z",
            "data": {"order_id": str(uuid4()), "user_id": str(user_id), "currency": "EUR", "total": 1, "items": []},
        }
    )


async def publish(vhost: VirtualHost, event: str, event_type: str = "order.created") -> None:
    """Publishes as soon as the service has made its queue."""

    async def is_routed() -> bool:
        return await vhost.publish(event_type, event)

    await eventually(is_routed)


async def order_count(client: httpx2.AsyncClient, user_id: str) -> int:
    return int((await client.get(f"/users/{user_id}")).json()["order_count"])


@asynccontextmanager
async def listening(vhost: VirtualHost, *types: str) -> AsyncIterator[Callable[[], Awaitable[AbstractIncomingMessage]]]:
    """Binds a queue for events of these types and yields what takes the next one from it."""
    async with await aio_pika.connect(vhost.url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange("events", "topic", durable=True)
        queue = await channel.declare_queue(exclusive=True)
        for event_type in types:
            await queue.bind(exchange, event_type)
        async with queue.iterator(timeout=30) as messages:
            yield messages.__anext__


async def test_registration_is_told_with_the_request_id(client: httpx2.AsyncClient, vhost: VirtualHost) -> None:
    async with listening(vhost, "user.registered") as next_message:
        user = (await client.post("/users", json=ADA, headers={"X-Request-ID": "request-1"})).json()
        message = await next_message()
    event = json.loads(message.body)
    assert event["data"] == {"user_id": user["id"], "email": user["email"], "name": "Ada", "role": "member"}
    assert (event["type"], message.message_id) == ("user.registered", event["id"])
    assert message.headers["X-Request-ID"] == "request-1"


async def test_each_change_of_a_user_is_told_with_a_later_time(client: httpx2.AsyncClient, vhost: VirtualHost) -> None:
    async with listening(vhost, "user.*") as next_message:
        user = (await client.post("/users", json=ADA)).json()
        for change in ({"name": "Lady Ada"}, {}, {"name": "Lady Ada"}, {"role": "admin"}):
            await client.patch(f"/users/{user['id']}", json=change)
        await client.delete(f"/users/{user['id']}")
        events = [json.loads((await next_message()).body) for _ in range(4)]
    by_time = sorted(events, key=lambda event: datetime.fromisoformat(event["time"]))
    assert [event["type"] for event in by_time] == ["user.registered", "user.updated", "user.updated", "user.deleted"]
    whole = {"user_id": user["id"], "email": user["email"], "name": "Lady Ada"}
    assert [event["data"] for event in by_time[1:]] == [
        {**whole, "role": "member"},
        {**whole, "role": "admin"},
        {"user_id": user["id"]},
    ]
    assert len({event["time"] for event in events}) == 4


async def test_a_refused_registration_tells_nothing(client: httpx2.AsyncClient) -> None:
    await client.post("/users", json=ADA)
    await client.post("/users", json=ADA)

    async def waits_alone() -> bool:
        return "outbox_pending_events 1.0" in (await client.get("/metrics")).text

    await eventually(waits_alone)


async def test_counts_the_orders_of_a_user(client: httpx2.AsyncClient, vhost: VirtualHost) -> None:
    user = (await client.post("/users", json=ADA)).json()
    for _ in range(3):
        await publish(vhost, order_created(user["id"]))

    async def all_counted() -> bool:
        return await order_count(client, user["id"]) == 3

    await eventually(all_counted)


async def test_counts_an_order_once_that_is_told_twice(client: httpx2.AsyncClient, vhost: VirtualHost) -> None:
    user = (await client.post("/users", json=ADA)).json()
    event = order_created(user["id"], uuid4())
    for message in (event, event, order_created(user["id"])):
        await publish(vhost, message)

    async def both_consumed() -> bool:
        text = (await client.get("/metrics")).text
        return 'events_consumed_total{result="duplicate",type="order.created"} 1.0' in text

    await eventually(both_consumed)

    async def counted_twice() -> bool:
        return await order_count(client, user["id"]) == 2

    await eventually(counted_twice)


@pytest.mark.parametrize(
    ("told", "count"),
    [
        (["order.created", "order.created", "order.cancelled"], 1),
        (["order.cancelled", "order.created", "order.created"], 1),
        (["order.created", "order.cancelled"], 0),
        (["order.cancelled"], 0),
        (["order.created", "order.rejected"], 0),
        (["order.rejected", "order.created", "order.created"], 1),
    ],
)
async def test_a_cancelled_or_rejected_order_does_not_count_in_whatever_order_events_come(
    client: httpx2.AsyncClient, vhost: VirtualHost, told: list[str], count: int
) -> None:
    user = (await client.post("/users", json=ADA)).json()
    for number, event_type in enumerate(told, start=1):
        await publish(vhost, order_event(event_type, user["id"]), event_type)

        async def is_applied(number: int = number) -> bool:
            text = (await client.get("/metrics")).text
            return (
                sum(map(float, re.findall(r'^events_consumed_total{result="applied".*} (.*)$', text, re.MULTILINE)))
                == number
            )

        await eventually(is_applied)
    assert await order_count(client, user["id"]) == count


@pytest.mark.parametrize("body", ["no json", order_created("no id")])
async def test_parks_an_order_that_it_cannot_understand(
    client: httpx2.AsyncClient, vhost: VirtualHost, body: str
) -> None:
    await publish(vhost, body)

    async def is_parked() -> bool:
        return await vhost.messages("users.order.created.parked") == [body]

    await eventually(is_parked)
