import asyncio
from uuid import uuid4

import asyncpg
import httpx2
import pytest
from app.config import Settings
from argon2 import PasswordHasher
from fleetkit.testing.tokens import user_headers

OLD, NEW = "correct horse battery", "staple of the other kind"
ADA = {"email": "ada@example.com", "name": "Ada", "password": OLD}
BOB = {"email": "bob@example.com", "name": "Bob"}


async def registered(client: httpx2.AsyncClient, user: dict[str, str]) -> str:
    user_id: str = (await client.post("/users", json=user)).raise_for_status().json()["id"]
    return user_id


async def logs_in(client: httpx2.AsyncClient, password: str, email: str = ADA["email"]) -> bool:
    form = {"grant_type": "password", "username": email, "password": password}
    return (await client.post("/auth/token", data=form)).is_success


async def test_users_change_their_password_by_the_one_before(anonymous: httpx2.AsyncClient) -> None:
    user_id = await registered(anonymous, ADA)
    change = {"password": NEW, "current_password": OLD}
    answer = await anonymous.patch(f"/users/{user_id}", json=change, headers=user_headers(user_id))
    assert (answer.status_code, set(answer.json())) == (200, {"id", "email", "name", "role", "order_count"})
    assert (await logs_in(anonymous, OLD), await logs_in(anonymous, NEW)) == (False, True)


@pytest.mark.parametrize("current", [{}, {"current_password": "wrong"}, {"current_password": ""}])
async def test_a_token_alone_changes_no_password(anonymous: httpx2.AsyncClient, current: dict[str, str]) -> None:
    user_id = await registered(anonymous, ADA)
    change = {"password": NEW, "name": "Mallory", **current}
    answer = await anonymous.patch(f"/users/{user_id}", json=change, headers=user_headers(user_id))
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
    assert (await logs_in(anonymous, OLD), await logs_in(anonymous, NEW)) == (True, False)
    user = await anonymous.get(f"/users/{user_id}", headers=user_headers(user_id))
    assert user.json()["name"] == "Ada"


async def test_of_two_who_change_one_password_at_the_same_time_the_later_knows_another_than_the_current(
    anonymous: httpx2.AsyncClient,
) -> None:
    user_id = await registered(anonymous, ADA)
    news = [NEW, NEW[::-1]]
    changes = [{"password": new, "current_password": OLD} for new in news]
    answers = await asyncio.gather(
        *(anonymous.patch(f"/users/{user_id}", json=change, headers=user_headers(user_id)) for change in changes)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 403]
    assert [await logs_in(anonymous, new) for new in news] == [answer.is_success for answer in answers]


async def test_the_current_password_cannot_be_tried_for_long(anonymous: httpx2.AsyncClient) -> None:
    user_id = await registered(anonymous, ADA)
    change = {"password": NEW, "current_password": "wrong"}
    answers = [
        await anonymous.patch(f"/users/{user_id}", json=change, headers=user_headers(user_id)) for _ in range(11)
    ]
    assert [answer.status_code for answer in answers] == [403] * 10 + [429]


async def test_an_admin_sets_the_password_of_others(anonymous: httpx2.AsyncClient, admin: httpx2.AsyncClient) -> None:
    user_id = await registered(anonymous, BOB)
    assert (await admin.patch(f"/users/{user_id}", json={"password": NEW})).status_code == 200
    assert await logs_in(anonymous, NEW, BOB["email"])


async def test_an_admin_needs_the_own_password_to_change_it(anonymous: httpx2.AsyncClient) -> None:
    user_id = await registered(anonymous, ADA)
    admin = user_headers(user_id, "admin")
    assert (await anonymous.patch(f"/users/{user_id}", json={"password": NEW}, headers=admin)).status_code == 403


async def test_who_has_no_password_sets_the_first_without_one(anonymous: httpx2.AsyncClient) -> None:
    user_id = await registered(anonymous, BOB)
    answer = await anonymous.patch(f"/users/{user_id}", json={"password": NEW}, headers=user_headers(user_id))
    assert answer.status_code == 200
    assert await logs_in(anonymous, NEW, BOB["email"])


async def test_a_password_of_nobody_is_set_for_nobody(admin: httpx2.AsyncClient) -> None:
    assert (await admin.patch(f"/users/{uuid4()}", json={"password": NEW})).status_code == 404


@pytest.mark.parametrize("password", ["", "short12", "x" * 129, None, 12345678])
async def test_a_password_has_8_to_128_characters(anonymous: httpx2.AsyncClient, password: object) -> None:
    user_id = await registered(anonymous, BOB)
    headers = user_headers(user_id)
    answers = [await anonymous.patch(f"/users/{user_id}", json={"password": password}, headers=headers)]
    if password is not None:
        answers.append(await anonymous.post("/users", json={**ADA, "password": password}))
    for answer in answers:
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == ["password"]


async def test_the_address_of_a_deleted_user_has_no_password(
    anonymous: httpx2.AsyncClient, admin: httpx2.AsyncClient
) -> None:
    user_id = await registered(anonymous, ADA)
    await admin.delete(f"/users/{user_id}")
    await registered(anonymous, {"email": ADA["email"], "name": "Another"})
    assert not await logs_in(anonymous, OLD)


async def test_a_login_renews_a_hash_of_other_parameters(anonymous: httpx2.AsyncClient, settings: Settings) -> None:
    user_id = await registered(anonymous, ADA)
    outdated = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(OLD)
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        await connection.execute("UPDATE passwords SET hash = $1", outdated)
        assert await logs_in(anonymous, OLD)
        renewed = await connection.fetchval("SELECT hash FROM passwords WHERE user_id = $1", user_id)
        assert renewed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert await logs_in(anonymous, OLD)
        assert await connection.fetchval("SELECT hash FROM passwords WHERE user_id = $1", user_id) == renewed
    finally:
        await connection.close()
