"""JSON can hold half of a surrogate pair, which no encoding has: nothing may fail at it later."""

import json
from uuid import uuid4

import httpx2
import pytest
from fleetkit.testing.tokens import user_headers

HALF = "half of a pair: \ud83d"
ADA = {"email": "ada@example.com", "name": "Ada", "password": "correct horse battery"}


@pytest.mark.parametrize("field", ["email", "name", "password"])
async def test_a_user_has_none(anonymous: httpx2.AsyncClient, field: str) -> None:
    body = json.dumps({**ADA, field: HALF})
    answer = await anonymous.post("/users", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize("field", ["password", "current_password"])
async def test_a_new_password_is_not_given_by_one(anonymous: httpx2.AsyncClient, field: str) -> None:
    user_id = uuid4()
    body = json.dumps(
        {"password": "staple of the other kind", "current_password": "correct horse battery", field: HALF}
    )
    headers = {"Content-Type": "application/json", **user_headers(user_id)}
    answer = await anonymous.patch(f"/users/{user_id}", content=body, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
