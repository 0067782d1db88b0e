from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from fleetkit.testing.tokens import user_headers


async def register(client: httpx2.AsyncClient, *names: str, role: str = "member") -> list[str]:
    """Registers users in this order and returns their ids."""
    ids = []
    for name in names:
        body = {"email": f"{name}@example.com", "name": name, "role": role}
        ids.append((await client.post("/users", json=body)).raise_for_status().json()["id"])
    return ids


async def page(client: httpx2.AsyncClient, **params: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.get("/users", params=params)).raise_for_status().json()
    return answer


def ids_of(answer: dict[str, Any]) -> list[str]:
    return [user["id"] for user in answer["items"]]


async def test_there_is_nobody_at_first(client: httpx2.AsyncClient) -> None:
    assert await page(client) == {"items": [], "next_cursor": None}


async def test_lists_users_as_they_are_shown_one_by_one(client: httpx2.AsyncClient) -> None:
    (ada,) = await register(client, "ada")
    assert (await page(client))["items"] == [(await client.get(f"/users/{ada}")).json()]


async def test_pages_hold_each_user_once_in_the_order_of_registration(client: httpx2.AsyncClient) -> None:
    registered = await register(client, *"abcde")
    pages = [await page(client, limit=2)]
    while cursor := pages[-1]["next_cursor"]:
        pages.append(await page(client, limit=2, cursor=cursor))
    assert [len(answer["items"]) for answer in pages] == [2, 2, 1]
    assert [user_id for answer in pages for user_id in ids_of(answer)] == registered


async def test_a_full_last_page_is_known_to_be_the_last(client: httpx2.AsyncClient) -> None:
    await register(client, "a", "b")
    assert (await page(client, limit=2))["next_cursor"] is None


async def test_what_is_added_and_deleted_between_pages_hides_nobody(client: httpx2.AsyncClient) -> None:
    first, second, third = await register(client, *"abc")
    answer = await page(client, limit=2)
    for user_id in (first, second):
        await client.delete(f"/users/{user_id}", headers=user_headers(user_id))
    (fourth,) = await register(client, "d")
    assert ids_of(await page(client, limit=2, cursor=answer["next_cursor"])) == [third, fourth]


async def test_a_page_has_twenty_users_unless_told(client: httpx2.AsyncClient) -> None:
    await register(client, *(f"user{number}" for number in range(21)))
    assert len((await page(client))["items"]) == 20


async def test_lists_only_users_with_a_role(admin: httpx2.AsyncClient, admin_id: UUID) -> None:
    await register(admin, "ada", "bob")
    (eve,) = await register(admin, "eve", role="admin")
    answer = await page(admin, role="admin", limit=1)
    following = await page(admin, role="admin", limit=1, cursor=answer["next_cursor"])
    assert [*ids_of(answer), *ids_of(following)] == [str(admin_id), eve]
    assert following["next_cursor"] is None


async def test_lists_only_the_users_that_are_named(client: httpx2.AsyncClient) -> None:
    ada, _, eve = await register(client, "ada", "bob", "eve")
    assert ids_of(await page(client, ids=[eve, str(uuid4()), ada])) == [ada, eve]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"cursor": "made up"}, "cursor"),
        ({"cursor": "x" * 201}, "cursor"),
        ({"role": "king"}, "role"),
        ({"ids": "ada"}, "ids.0"),
        ({"ids": [str(uuid4())] * 101}, "ids"),
    ],
)
async def test_names_the_parameter_that_it_refuses(
    client: httpx2.AsyncClient, params: dict[str, Any], field: str
) -> None:
    answer = await client.get("/users", params=params)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == [field]
