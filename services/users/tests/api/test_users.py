from uuid import uuid4

import httpx2
import pytest

ADA = {"email": "ada@example.com", "name": "Ada"}


async def test_registers_a_member_by_default(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/users", json=ADA)
    assert answer.status_code == 201
    user_id = answer.json()["id"]
    assert answer.json() == {"id": user_id, **ADA, "role": "member"}


async def test_answers_with_a_registered_user(admin: httpx2.AsyncClient) -> None:
    created = (await admin.post("/users", json={**ADA, "role": "admin"})).json()
    answer = await admin.get(f"/users/{created['id']}")
    assert (answer.status_code, answer.json()) == (200, {**created, "order_count": 0})


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@example.com", "Ada@EXAMPLE.com"])
async def test_refuses_an_address_that_is_taken_in_whatever_case(client: httpx2.AsyncClient, email: str) -> None:
    await client.post("/users", json=ADA)
    answer = await client.post("/users", json={"email": email, "name": "Another"})
    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_says_which_user_there_is_not(client: httpx2.AsyncClient) -> None:
    user_id = uuid4()
    answer = await client.get(f"/users/{user_id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "user_not_found")
    assert str(user_id) in answer.json()["detail"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"email": None}, "email"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"role": "king"}, "role"),
        ({"colour": "green"}, "colour"),
    ],
)
async def test_names_the_field_of_a_request_that_it_refuses(
    client: httpx2.AsyncClient, change: dict[str, object], field: str
) -> None:
    answer = await client.post("/users", json={**ADA, **change})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("name", [r"\u0000", r"\ud800", r"line\nbreak"])
async def test_a_name_that_is_no_text_is_refused(client: httpx2.AsyncClient, name: str) -> None:
    body = f'{{"email": "ada@example.com", "name": "{name}"}}'
    answer = await client.post("/users", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


async def test_what_is_no_id_is_found_nowhere(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/users/ada")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_shows_its_settings_without_passwords(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/config-check")
    assert answer.json()["settings"]["service_name"] == "users"
    assert answer.json()["secrets_set"] == ["database_url", "jwt_secret", "rabbitmq_url"]
    assert "://" not in answer.text


async def test_measures_requests_events_and_the_pool(client: httpx2.AsyncClient) -> None:
    await client.post("/users", json=ADA)
    metrics = (await client.get("/metrics")).text
    for sample in (
        'http_requests_total{handler="/users",method="POST",status="201"} 1.0',
        "outbox_pending_events ",
        "outbox_oldest_event_age_seconds ",
        'database_connections{state="open"} ',
    ):
        assert sample in metrics
