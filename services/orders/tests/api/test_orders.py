from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

KEYBOARD = {"sku": "keyboard", "quantity": 2, "unit_price": 4900}
STICKER = {"sku": "sticker", "quantity": 3, "unit_price": 0}


def order_of(user_id: UUID, /, **change: object) -> dict[str, Any]:
    return {"user_id": str(user_id), "currency": "EUR", "items": [KEYBOARD, STICKER], **change}


async def test_places_an_order(client: httpx2.AsyncClient) -> None:
    user_id = uuid4()
    answer = await client.post("/orders", json=order_of(user_id))
    assert answer.status_code == 201
    order = answer.json()
    assert (order["user_id"], order["status"], order["total"]) == (str(user_id), "pending", 9800)
    assert order["items"] == [KEYBOARD, STICKER]


async def test_shows_an_order_with_its_user(client: httpx2.AsyncClient, users: Any) -> None:
    user_id = users.add("ada")
    placed = (await client.post("/orders", json=order_of(user_id))).json()
    answer = await client.get(f"/orders/{placed['id']}", headers={"X-Request-ID": "request-1"})
    assert answer.status_code == 200
    user = {"id": str(user_id), "email": "ada@example.com", "name": "ada", "role": "member"}
    assert answer.json() == {**placed, "user": user, "degraded": False}
    assert users.requests[-1].headers["X-Request-ID"] == "request-1"


async def test_an_order_is_shown_without_a_user_where_users_knows_none(client: httpx2.AsyncClient) -> None:
    placed = (await client.post("/orders", json=order_of(uuid4()))).json()
    order = (await client.get(f"/orders/{placed['id']}")).json()
    assert (order["user"], order["degraded"]) == (None, False)


@pytest.mark.parametrize("failure", [500, 503, httpx2.ConnectError("refused"), httpx2.ReadTimeout("slow")])
async def test_orders_are_placed_and_shown_while_users_is_away(
    client: httpx2.AsyncClient, users: Any, failure: int | Exception
) -> None:
    users.failure = failure
    placed = await client.post("/orders", json=order_of(uuid4()))
    assert placed.status_code == 201
    answer = await client.get(f"/orders/{placed.json()['id']}")
    assert (answer.status_code, answer.json()["user"], answer.json()["degraded"]) == (200, None, True)


async def test_says_which_order_there_is_not(client: httpx2.AsyncClient) -> None:
    answer = await client.get(f"/orders/{uuid4()}")
    assert (answer.status_code, answer.json()["code"]) == (404, "order_not_found")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"user_id": "ada"}, "user_id"),
        ({"currency": "euro"}, "currency"),
        ({"items": []}, "items"),
        ({"items": [KEYBOARD] * 101}, "items"),
        ({"items": [{**KEYBOARD, "quantity": 0}]}, "items.0.quantity"),
        ({"items": [KEYBOARD, {**KEYBOARD, "unit_price": -1}]}, "items.1.unit_price"),
        ({"items": [{**KEYBOARD, "unit_price": 9.5}]}, "items.0.unit_price"),
        ({"items": [{**KEYBOARD, "sku": ""}]}, "items.0.sku"),
        ({"colour": "green"}, "colour"),
    ],
)
async def test_names_the_field_of_a_request_that_it_refuses(
    client: httpx2.AsyncClient, change: dict[str, object], field: str
) -> None:
    answer = await client.post("/orders", json=order_of(uuid4(), **change))
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_shows_its_settings_without_passwords(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/config-check")
    assert answer.json()["settings"]["user_service_url"] == "http://users:8000/"
    assert answer.json()["secrets_set"] == ["database_url", "jwt_secret", "rabbitmq_url", "service_client_secret"]
    assert "postgresql" not in answer.text
