from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

ITEMS = [{"sku": "sticker", "quantity": 3, "unit_price": 0}, {"sku": "keyboard", "quantity": 2, "unit_price": 4900}]


async def place(client: httpx2.AsyncClient, user_id: UUID) -> dict[str, Any]:
    answer = await client.post("/orders", json={"user_id": str(user_id), "currency": "EUR", "items": ITEMS})
    order: dict[str, Any] = answer.raise_for_status().json()
    return order


async def page(client: httpx2.AsyncClient, **params: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.get("/orders", params=params)).raise_for_status().json()
    return answer


async def test_nothing_is_asked_of_users_where_there_are_no_orders(client: httpx2.AsyncClient, users: Any) -> None:
    assert await page(client) == {"items": [], "next_cursor": None}
    assert users.requests == []


async def test_lists_orders_as_they_are_shown_one_by_one(client: httpx2.AsyncClient, users: Any) -> None:
    placed = [await place(client, users.add(name)) for name in ("ada", "bob")]
    shown = [(await client.get(f"/orders/{order['id']}")).json() for order in reversed(placed)]
    assert (await page(client))["items"] == shown


async def test_pages_hold_each_order_once_newest_first(client: httpx2.AsyncClient) -> None:
    placed = [(await place(client, uuid4()))["id"] for _ in range(5)]
    pages = [await page(client, limit=2)]
    while cursor := pages[-1]["next_cursor"]:
        await place(client, uuid4())
        pages.append(await page(client, limit=2, cursor=cursor))
    assert [len(answer["items"]) for answer in pages] == [2, 2, 1]
    assert [order["id"] for answer in pages for order in answer["items"]] == placed[::-1]


async def test_lists_only_orders_of_a_user(client: httpx2.AsyncClient, users: Any) -> None:
    ada = users.add("ada")
    mine = [(await place(client, ada))["id"], (await place(client, ada))["id"]]
    await place(client, uuid4())
    answer = await page(client, user_id=str(ada), limit=1)
    following = await page(client, user_id=str(ada), limit=1, cursor=answer["next_cursor"])
    assert [answer["items"][0]["id"], following["items"][0]["id"]] == mine[::-1]
    assert following["next_cursor"] is None


async def test_asks_for_the_users_of_a_page_once(client: httpx2.AsyncClient, users: Any) -> None:
    names = [f"user{number}" for number in range(4)]
    for user_id in [*map(users.add, names), uuid4()]:
        await place(client, user_id)
        await place(client, user_id)
    answer = await page(client)
    shown = [order["user"] and order["user"]["name"] for order in answer["items"]]
    assert shown == [None, None, *(name for name in reversed(names) for _ in range(2))]
    assert [order["degraded"] for order in answer["items"]] == [False] * 10
    assert [request.url.path for request in users.requests] == ["/users"]


@pytest.mark.parametrize("failure", [405, 500, httpx2.ConnectError("refused")])
async def test_orders_are_listed_while_users_is_away(
    client: httpx2.AsyncClient, users: Any, failure: int | Exception
) -> None:
    await place(client, users.add("ada"))
    users.failure = failure
    (order,) = (await page(client))["items"]
    assert (order["user"], order["degraded"]) == (None, True)


@pytest.mark.parametrize(
    ("params", "field"),
    [({"limit": 101}, "limit"), ({"cursor": "made up"}, "cursor"), ({"user_id": "ada"}, "user_id")],
)
async def test_names_the_parameter_that_it_refuses(
    client: httpx2.AsyncClient, params: dict[str, Any], field: str
) -> None:
    answer = await client.get("/orders", params=params)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
