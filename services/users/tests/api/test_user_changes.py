import asyncio
from typing import Any
from uuid import uuid4

import httpx2
import pytest

ADA = {"email": "ada@example.com", "name": "Ada"}
BOB = {"email": "bob@example.com", "name": "Bob"}


async def register(client: httpx2.AsyncClient, user: dict[str, str]) -> str:
    user_id: str = (await client.post("/users", json=user)).raise_for_status().json()["id"]
    return user_id


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"name": "Lady Ada"},
        {"email": "lovelace@example.com"},
        {"email": "ADA@example.com"},
        {"role": "admin"},
        {"name": "Lady Ada", "email": "lovelace@example.com", "role": "admin"},
    ],
)
async def test_changes_what_is_given_and_nothing_else(admin: httpx2.AsyncClient, change: dict[str, str]) -> None:
    user_id = await register(admin, ADA)
    answer = await admin.patch(f"/users/{user_id}", json=change)
    expected = {"id": user_id, **ADA, "role": "member", "order_count": 0, **change}
    assert (answer.status_code, answer.json()) == (200, expected)
    assert (await admin.get(f"/users/{user_id}")).json() == expected


async def test_refuses_the_address_of_another_user_in_whatever_case(admin: httpx2.AsyncClient) -> None:
    await register(admin, ADA)
    bob = await register(admin, BOB)
    answer = await admin.patch(f"/users/{bob}", json={"name": "Robert", "email": "ADA@example.com"})
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
    assert (await admin.get(f"/users/{bob}")).json()["name"] == "Bob"


async def test_changes_at_the_same_time_are_all_kept(admin: httpx2.AsyncClient) -> None:
    user_id = await register(admin, ADA)
    changes: list[dict[str, Any]] = [{"name": "Lady Ada"}, {"email": "lovelace@example.com"}, {"role": "admin"}]
    await asyncio.gather(*(admin.patch(f"/users/{user_id}", json=change) for change in changes))
    user = (await admin.get(f"/users/{user_id}")).json()
    assert (user["name"], user["email"], user["role"]) == ("Lady Ada", "lovelace@example.com", "admin")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": None}, "email"),
        ({"name": None}, "name"),
        ({"role": None}, "role"),
        ({"email": "no address"}, "email"),
        ({"name": " "}, "name"),
        ({"role": "king"}, "role"),
        ({"id": str(uuid4())}, "id"),
    ],
)
async def test_names_the_field_of_a_change_that_it_refuses(
    admin: httpx2.AsyncClient, change: dict[str, object], field: str
) -> None:
    user_id = await register(admin, ADA)
    answer = await admin.patch(f"/users/{user_id}", json=change)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_deleted_user_is_gone_and_the_address_is_free(admin: httpx2.AsyncClient) -> None:
    user_id = await register(admin, ADA)
    answer = await admin.delete(f"/users/{user_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await admin.get(f"/users/{user_id}")).status_code == 404
    assert await register(admin, ADA) != user_id


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_says_which_user_there_is_not_to_change(admin: httpx2.AsyncClient, method: str) -> None:
    user_id = uuid4()
    answer = await admin.request(method, f"/users/{user_id}", json={"name": "Nobody"})
    assert (answer.status_code, answer.json()["code"]) == (404, "user_not_found")
    assert str(user_id) in answer.json()["detail"]


async def test_the_documented_change_knows_no_null(admin: httpx2.AsyncClient) -> None:
    document = (await admin.get("/openapi.json")).json()
    properties = document["components"]["schemas"]["UserUpdate"]["properties"]
    assert "null" not in str(properties)
