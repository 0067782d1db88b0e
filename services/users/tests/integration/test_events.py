import json
import re
from datetime import datetime
from uuid import UUID, uuid4

import httpx2
import pytest
from fleetkit.testing import eventually
from fleetkit.testing.brokers import BACKENDS, BrokerPlace

pytestmark = pytest.mark.parametrize("backend", BACKENDS)
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


async def publish(broker: BrokerPlace, event: str, event_type: str = "order.created") -> None:
    """Publishes as soon as the service has made its queue."""

    async def is_routed() -> bool:
        return await broker.publish(event_type, event)

    await eventually(is_routed)


async def order_count(client: httpx2.AsyncClient, user_id: str) -> int:
    return int((await client.get(f"/users/{user_id}")).json()["order_count"])


async def test_registration_is_told_with_the_request_id(client: httpx2.AsyncClient, broker: BrokerPlace) -> None:
    async with broker.listening("user.registered") as next_event:
        user = (await client.post("/users", json=ADA, headers={"X-Request-ID": "request-1"})).json()
        heard = await next_event()
    event = json.loads(heard.body)
    assert event["data"] == {"user_id": user["id"], "email": user["email"], "name": "Ada", "role": "member"}
    assert (event["type"], heard.id, heard.request_id) == ("user.registered", event["id"], "request-1")


async def test_each_change_of_a_user_is_told_with_a_later_time(admin: httpx2.AsyncClient, broker: BrokerPlace) -> None:
    async with broker.listening("user.registered", "user.updated", "user.deleted") as next_event:
        user = (await admin.post("/users", json=ADA)).json()
        for change in ({"name": "Lady Ada"}, {}, {"name": "Lady Ada"}, {"role": "admin"}):
            await admin.patch(f"/users/{user['id']}", json=change)
        await admin.delete(f"/users/{user['id']}")
        events = [json.loads((await next_event()).body) for _ in range(4)]
    by_time = sorted(events, key=lambda event: datetime.fromisoformat(event["time"]))
    assert [event["type"] for event in by_time] == ["user.registered", "user.updated", "user.updated", "user.deleted"]
    whole = {"user_id": user["id"], "email": user["email"], "name": "Lady Ada"}
    assert [event["data"] for event in by_time[1:]] == [
        {**whole, "role": "member"},
        {**whole, "role": "admin"},
        {"user_id": user["id"]},
    ]
    assert len({event["time"] for event in events}) == 4


async def test_a_refused_registration_tells_nothing(client: httpx2.AsyncClient, broker: BrokerPlace) -> None:
    async with broker.listening("user.registered") as next_event:
        for name in ("ada", "ada", "bob"):
            await client.post("/users", json={"email": f"{name}@example.com", "name": name})
        told = [json.loads((await next_event()).body)["data"]["name"] for _ in range(2)]
    assert sorted(told) == ["ada", "bob"]


async def test_counts_the_orders_of_a_user(client: httpx2.AsyncClient, broker: BrokerPlace) -> None:
    user = (await client.post("/users", json=ADA)).json()
    for _ in range(3):
        await publish(broker, order_created(user["id"]))

    async def all_counted() -> bool:
        return await order_count(client, user["id"]) == 3

    await eventually(all_counted)


async def test_counts_an_order_once_that_is_told_twice(client: httpx2.AsyncClient, broker: BrokerPlace) -> None:
    user = (await client.post("/users", json=ADA)).json()
    event = order_created(user["id"], uuid4())
    for message in (event, event, order_created(user["id"])):
        await publish(broker, message)

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
    client: httpx2.AsyncClient, broker: BrokerPlace, told: list[str], count: int
) -> None:
    user = (await client.post("/users", json=ADA)).json()
    for number, event_type in enumerate(told, start=1):
        await publish(broker, order_event(event_type, user["id"]), event_type)

        async def is_applied(number: int = number) -> bool:
            text = (await client.get("/metrics")).text
            return (
                sum(
                    map(
                        float,
                        re.findall(r'^events_consumed_total{result="applied",type="order.*} (.*)$', text, re.MULTILINE),
                    )
                )
                == number
            )

        await eventually(is_applied)
    assert await order_count(client, user["id"]) == count


@pytest.mark.parametrize("body", ["no json", order_created("no id")])
async def test_parks_an_order_that_it_cannot_understand(
    client: httpx2.AsyncClient, broker: BrokerPlace, body: str
) -> None:
    await publish(broker, body)

    async def is_parked() -> bool:
        return await broker.parked("users", "order.created") == [body]

    await eventually(is_parked)
