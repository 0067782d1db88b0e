from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from fleetkit.testing.tokens import service_headers, user_headers

ADA, BOB = uuid4(), uuid4()
ORDER = {"currency": "EUR", "items": [{"sku": "keyboard", "quantity": 2, "unit_price": 4900}]}


async def place(client: httpx2.AsyncClient, user_id: UUID, key: str | None = None) -> httpx2.Response:
    keyed = {"Idempotency-Key": key} if key else {}
    return await client.post("/orders", json=ORDER, headers=user_headers(user_id) | keyed)


async def placed_by(client: httpx2.AsyncClient, user_id: UUID) -> dict[str, Any]:
    order: dict[str, Any] = (await place(client, user_id)).raise_for_status().json()
    return order


async def listed(client: httpx2.AsyncClient, headers: dict[str, str] | None = None, **params: str) -> list[str]:
    answer = (await client.get("/orders", params=params, headers=headers)).raise_for_status()
    return [order["id"] for order in answer.json()["items"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/orders"),
        ("GET", "/orders"),
        ("GET", f"/orders/{uuid4()}"),
        ("POST", f"/orders/{uuid4()}/cancel"),
        ("POST", f"/orders/{uuid4()}/payment"),
        ("GET", "/inventory/keyboard"),
        ("PUT", "/inventory/keyboard"),
    ],
)
@pytest.mark.parametrize(
    ("headers", "status"), [({"Authorization": "Bearer made-up"}, 401), (service_headers("users"), 403)]
)
async def test_nobody_but_a_user_has_anything_to_do_with_orders(
    client: httpx2.AsyncClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = await client.request(method, path, headers=headers, json=ORDER if method == "POST" else {"available": 1})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_request_without_a_token_is_told_to_bring_one(client: httpx2.AsyncClient) -> None:
    del client.headers["Authorization"]
    answer = await client.get("/orders")
    assert (answer.status_code, answer.headers["WWW-Authenticate"].split()[0]) == (401, "Bearer")


async def test_orders_for_whose_token_it_is(client: httpx2.AsyncClient) -> None:
    assert (await placed_by(client, ADA))["user_id"] == str(ADA)


async def test_only_an_administrator_orders_for_somebody_else(client: httpx2.AsyncClient) -> None:
    for_bob = {**ORDER, "user_id": str(BOB)}
    refused = await client.post("/orders", json=for_bob, headers=user_headers(ADA))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await client.post("/orders", json=for_bob, headers=user_headers(BOB))).status_code == 201
    assert (await client.post("/orders", json=for_bob)).json()["user_id"] == str(BOB)


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/cancel"), ("POST", "/payment")])
async def test_an_order_of_somebody_else_is_answered_like_none(
    client: httpx2.AsyncClient, method: str, path: str
) -> None:
    order_id = (await placed_by(client, ADA))["id"]
    others = await client.request(method, f"/orders/{order_id}{path}", headers=user_headers(BOB))
    missing = await client.request(method, f"/orders/{(unknown := uuid4())}{path}", headers=user_headers(BOB))
    assert others.status_code == missing.status_code == 404
    assert others.text.replace(order_id, "") == missing.text.replace(str(unknown), "")
    assert (await client.get(f"/orders/{order_id}")).json()["status"] == "pending"
    assert (await client.request(method, f"/orders/{order_id}{path}", headers=user_headers(ADA))).is_success


async def test_an_administrator_sees_and_cancels_every_order(client: httpx2.AsyncClient) -> None:
    order_id = (await placed_by(client, ADA))["id"]
    assert (await client.get(f"/orders/{order_id}")).status_code == 200
    assert (await client.post(f"/orders/{order_id}/cancel")).json()["status"] == "cancelled"


async def test_lists_own_orders_and_to_an_administrator_all(client: httpx2.AsyncClient) -> None:
    of_ada, of_bob = (await placed_by(client, ADA))["id"], (await placed_by(client, BOB))["id"]
    assert await listed(client, user_headers(ADA)) == [of_ada]
    assert await listed(client, user_headers(ADA), user_id=str(ADA)) == [of_ada]
    assert await listed(client) == [of_bob, of_ada]
    assert await listed(client, user_id=str(BOB)) == [of_bob]
    refused = await client.get("/orders", params={"user_id": str(BOB)}, headers=user_headers(ADA))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_a_token_of_nobody_sees_no_orders(client: httpx2.AsyncClient) -> None:
    order_id = (await placed_by(client, ADA))["id"]
    nobody = user_headers("not-a-user-id")
    assert (await client.get("/orders", headers=nobody)).status_code == 403
    assert (await client.get(f"/orders/{order_id}", headers=nobody)).status_code == 403
    assert (await client.post("/orders", json=ORDER, headers=nobody)).status_code == 403


async def test_the_key_of_somebody_else_shows_nothing_of_the_order_placed_by_it(client: httpx2.AsyncClient) -> None:
    of_ada, of_bob = await place(client, ADA, "key-1"), await place(client, BOB, "key-1")
    assert (of_ada.status_code, of_bob.status_code) == (201, 201)
    assert of_bob.json()["user_id"] == str(BOB)
    assert of_bob.json()["id"] != of_ada.json()["id"]
    assert (await place(client, ADA, "key-1")).json() == of_ada.json()
