import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
from app.config import Settings
from fleetkit.testing import eventually

USER = uuid4()


async def place(client: httpx2.AsyncClient, key: str, *, user_id: UUID = USER, quantity: int = 1) -> httpx2.Response:
    items = [{"sku": "keyboard", "quantity": quantity, "unit_price": 4900}]
    body = {"user_id": str(user_id), "currency": "EUR", "items": items}
    return await client.post("/orders", json=body, headers={"Idempotency-Key": key})


async def count_orders(client: httpx2.AsyncClient) -> int:
    return len((await client.get("/orders", params={"limit": 100})).json()["items"])


async def execute(settings: Settings, statement: str, *args: Any) -> None:
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        await connection.execute(statement, *args)
    finally:
        await connection.close()


async def test_the_same_key_places_one_order_and_gets_the_same_answer(client: httpx2.AsyncClient) -> None:
    first, again = await place(client, "key-1"), await place(client, "key-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert await count_orders(client) == 1


async def test_another_key_places_another_order(client: httpx2.AsyncClient) -> None:
    first, other = await place(client, "key-1"), await place(client, "key-2")
    assert first.json()["id"] != other.json()["id"]


@pytest.mark.parametrize("change", [{"quantity": 2}, {"user_id": uuid4()}])
async def test_a_key_is_refused_for_another_order(client: httpx2.AsyncClient, change: dict[str, Any]) -> None:
    await place(client, "key-1")
    answer = await place(client, "key-1", **change)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert await count_orders(client) == 1


@asynccontextmanager
async def orders_locked(settings: Settings) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """Keeps anyone from writing orders, and yields what says whether somebody waits to."""
    connection = await asyncpg.connect(settings.database_url.get_secret_value())

    async def is_awaited() -> bool:
        return bool(await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE orders")
            yield is_awaited
    finally:
        await connection.close()


async def test_a_key_is_refused_while_its_request_is_in_flight(client: httpx2.AsyncClient, settings: Settings) -> None:
    async with orders_locked(settings) as is_awaited:
        first = asyncio.create_task(place(client, "key-1"))
        await eventually(is_awaited)
        second = await place(client, "key-1")
    assert (second.status_code, second.json()["code"]) == (409, "request_in_flight")
    assert second.headers["retry-after"] == "1"
    assert (await first).status_code == 201
    assert (await place(client, "key-1")).json() == (await first).json()


async def test_of_many_at_once_one_places_the_order(client: httpx2.AsyncClient) -> None:
    answers = await asyncio.gather(*(place(client, "key-1") for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert await count_orders(client) == 1


async def test_a_request_that_failed_may_be_repeated(client: httpx2.AsyncClient, settings: Settings) -> None:
    async with orders_locked(settings):
        assert (await place(client, "key-1")).status_code == 503
    assert (await place(client, "key-1")).status_code == 201
    assert await count_orders(client) == 1


@pytest.mark.parametrize(("age", "orders"), [("23 hours 59 minutes", 1), ("24 hours", 2)])
async def test_a_key_is_good_for_a_day(client: httpx2.AsyncClient, settings: Settings, age: str, orders: int) -> None:
    await place(client, "key-1")
    await execute(settings, "UPDATE idempotency_keys SET created_at = created_at - $1::text::interval", age)
    assert (await place(client, "key-1")).status_code == 201
    assert await count_orders(client) == orders


@pytest.mark.parametrize("key", ["", "with space", "x" * 256])
async def test_what_can_be_no_key_is_refused(client: httpx2.AsyncClient, key: str) -> None:
    answer = await place(client, key)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["idempotency-key"]
