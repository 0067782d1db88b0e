import asyncio
from typing import Any
from uuid import uuid4

import httpx2

ITEMS = [{"sku": "keyboard", "quantity": 2, "unit_price": 4900}]


async def place(client: httpx2.AsyncClient, **headers: str) -> dict[str, Any]:
    body = {"user_id": "5f0c7a52-58a4-4a0e-9c3b-6f1f7b7f5d11", "currency": "EUR", "items": ITEMS}
    order: dict[str, Any] = (await client.post("/orders", json=body, headers=headers)).raise_for_status().json()
    return order


async def test_a_cancelled_order_stays_and_is_shown_as_such(client: httpx2.AsyncClient) -> None:
    order = await place(client)
    answer = await client.post(f"/orders/{order['id']}/cancel")
    assert (answer.status_code, answer.json()) == (200, {**order, "status": "cancelled"})
    assert (await client.get(f"/orders/{order['id']}")).json()["status"] == "cancelled"


async def test_an_order_is_cancelled_once(client: httpx2.AsyncClient) -> None:
    order = await place(client)
    answers = await asyncio.gather(*(client.post(f"/orders/{order['id']}/cancel") for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "order_not_cancellable"
    assert refused.json()["detail"] == "An order that is cancelled cannot become cancelled"


async def test_a_cancelled_order_does_not_come_back_by_its_key(client: httpx2.AsyncClient) -> None:
    order = await place(client, **{"Idempotency-Key": "key-1"})
    await client.post(f"/orders/{order['id']}/cancel")
    assert await place(client, **{"Idempotency-Key": "key-1"}) == order
    assert [shown["status"] for shown in (await client.get("/orders")).json()["items"]] == ["cancelled"]


async def test_says_which_order_there_is_not_to_cancel(client: httpx2.AsyncClient) -> None:
    answer = await client.post(f"/orders/{uuid4()}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (404, "order_not_found")
