import json
from functools import partial
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
from app.config import Settings
from fleetkit.testing import eventually
from fleetkit.testing.brokers import BACKENDS, BrokerPlace

pytestmark = pytest.mark.parametrize("backend", BACKENDS)
ITEMS = [{"sku": "keyboard", "quantity": 2, "unit_price": 4900}]


def user_registered(user_id: UUID, name: str, *, time: str = "2026-01-01T00:00:00Z") -> str:
    return user_event("user.registered", user_id, name, time)


def user_event(event_type: str, user_id: UUID, name: str, time: str) -> str:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": str(uuid4()),
            "source": "/users",
            "type": event_type,
            "time": time,
            "data": {"user_id": str(user_id), "email": f"{name}@example.com", "name": name, "role": "member"},
        }
    )


async def publish(broker: BrokerPlace, event: str) -> None:
    """Publishes as soon as the service has made its queue."""

    async def is_routed() -> bool:
        return await broker.publish(json.loads(event)["type"], event)

    await eventually(is_routed)


async def place(client: httpx2.AsyncClient, user_id: UUID) -> dict[str, Any]:
    body = {"user_id": str(user_id), "currency": "EUR", "items": ITEMS}
    answer = await client.post("/orders", json=body, headers={"X-Request-ID": "request-1"})
    order: dict[str, Any] = answer.raise_for_status().json()
    return order


async def test_what_becomes_of_an_order_is_told_with_the_request_id(
    client: httpx2.AsyncClient, broker: BrokerPlace
) -> None:
    async with broker.listening("order.created", "order.cancelled") as next_event:
        order = await place(client, uuid4())
        await client.post(f"/orders/{order['id']}/cancel", headers={"X-Request-ID": "request-2"})
        told = {heard.type: heard for heard in [await next_event() for _ in range(2)]}
    events = {event_type: json.loads(heard.body) for event_type, heard in told.items()}
    whose = {"order_id": order["id"], "user_id": order["user_id"]}
    assert events["order.created"]["data"] == {**whose, "currency": "EUR", "total": 9800, "items": ITEMS}
    assert events["order.cancelled"]["data"] == whose
    assert {heard.id: heard.request_id for heard in told.values()} == {
        events["order.created"]["id"]: "request-1",
        events["order.cancelled"]["id"]: "request-2",
    }


async def test_shows_the_user_of_whom_an_event_told_while_users_is_away(
    client: httpx2.AsyncClient, broker: BrokerPlace, users: Any
) -> None:
    users.failure = httpx2.ConnectError("refused")
    user_id = uuid4()
    order = await place(client, user_id)
    await publish(broker, user_registered(user_id, "ada"))

    async def shown() -> dict[str, Any]:
        return (await client.get(f"/orders/{order['id']}")).json()  # type: ignore[no-any-return]

    async def is_known() -> bool:
        return (await shown())["user"] is not None

    await eventually(is_known)
    answer = await shown()
    assert answer["user"] == {"id": str(user_id), "email": "ada@example.com", "name": "ada", "role": "member"}
    assert answer["degraded"] is True


async def test_an_older_event_that_comes_later_changes_nothing(
    client: httpx2.AsyncClient, broker: BrokerPlace, users: Any
) -> None:
    users.failure = 503
    user_id = uuid4()
    order = await place(client, user_id)
    await publish(broker, user_registered(user_id, "newer", time="2026-01-02T00:00:00Z"))
    await publish(broker, user_registered(user_id, "older", time="2026-01-01T00:00:00Z"))

    async def both_applied() -> bool:
        text = (await client.get("/metrics")).text
        return 'events_consumed_total{result="applied",type="user.registered"} 2.0' in text

    await eventually(both_applied)
    assert (await client.get(f"/orders/{order['id']}")).json()["user"]["name"] == "newer"


@pytest.mark.parametrize("order", list(permutations(["user.registered", "user.updated", "user.deleted"])))
@pytest.mark.parametrize("told", [2, 3])
async def test_the_copy_is_what_was_told_last_in_whatever_order_events_come(
    client: httpx2.AsyncClient, broker: BrokerPlace, users: Any, order: tuple[str, ...], told: int
) -> None:
    users.failure = 503
    user_id = uuid4()
    placed = await place(client, user_id)
    life = ["user.registered", "user.updated", "user.deleted"][:told]
    for event_type in (event_type for event_type in order if event_type in life):
        time = f"2026-01-0{1 + life.index(event_type)}T00:00:00Z"
        await publish(broker, user_event(event_type, user_id, f"{event_type}.name", time))
        await eventually(partial(is_applied, client, event_type))

    user = (await client.get(f"/orders/{placed['id']}")).json()["user"]
    assert (user and user["name"]) == ("user.updated.name" if told == 2 else None)


async def is_applied(client: httpx2.AsyncClient, event_type: str) -> bool:
    text = (await client.get("/metrics")).text
    return f'events_consumed_total{{result="applied",type="{event_type}"}} 1.0' in text


async def test_nothing_of_a_deleted_user_is_kept(
    client: httpx2.AsyncClient, broker: BrokerPlace, settings: Settings
) -> None:
    user_id = uuid4()
    await publish(broker, user_registered(user_id, "ada"))
    await eventually(partial(is_applied, client, "user.registered"))
    await publish(broker, user_event("user.deleted", user_id, "ada", "2026-01-02T00:00:00Z"))
    await eventually(partial(is_applied, client, "user.deleted"))
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        kept = await connection.fetchrow("SELECT email, name, role, deleted FROM known_users WHERE id = $1", user_id)
    finally:
        await connection.close()
    assert kept is not None
    assert dict(kept) == {"email": "", "name": "", "role": "", "deleted": True}
