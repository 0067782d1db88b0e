from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx2
import pytest
from fleetkit.testing.tokens import service_headers, user_headers

ADA = {"email": "ada@example.com", "name": "Ada"}


@dataclass(frozen=True)
class Request:
    """What somebody asks for about a user; `{id}` is the user's id."""

    method: str
    path: str
    body: Mapping[str, object] | None = None


GET = Request("GET", "/users/{id}")
LIST = Request("GET", "/users")
RENAME = Request("PATCH", "/users/{id}", {"name": "Lady Ada"})
PROMOTE = Request("PATCH", "/users/{id}", {"role": "admin"})
SAME_ROLE = Request("PATCH", "/users/{id}", {"role": "member"})
DELETE = Request("DELETE", "/users/{id}")
REGISTER = Request("POST", "/users", {})
REGISTER_ADMIN = Request("POST", "/users", {"role": "admin"})

OK, CREATED, GONE, UNAUTHORIZED, FORBIDDEN = 200, 201, 204, 401, 403
# What somebody without a token, the user, another member, an admin and a service are answered.
PERMISSIONS = {
    "see a user": (GET, UNAUTHORIZED, OK, FORBIDDEN, OK, OK),
    "list users": (LIST, UNAUTHORIZED, FORBIDDEN, FORBIDDEN, OK, OK),
    "change a user": (RENAME, UNAUTHORIZED, OK, FORBIDDEN, OK, FORBIDDEN),
    "give a role": (PROMOTE, UNAUTHORIZED, FORBIDDEN, FORBIDDEN, OK, FORBIDDEN),
    "give the same role": (SAME_ROLE, UNAUTHORIZED, FORBIDDEN, FORBIDDEN, OK, FORBIDDEN),
    "delete a user": (DELETE, UNAUTHORIZED, GONE, FORBIDDEN, GONE, FORBIDDEN),
    "register": (REGISTER, CREATED, CREATED, CREATED, CREATED, CREATED),
    "register an admin": (REGISTER_ADMIN, UNAUTHORIZED, FORBIDDEN, FORBIDDEN, CREATED, FORBIDDEN),
}


CALLERS: dict[str, Callable[[str, UUID], dict[str, str]]] = {
    "nobody": lambda _user, _admin: {},
    "self": lambda user, _admin: user_headers(user),
    "member": lambda _user, _admin: user_headers(uuid4()),
    "admin": lambda _user, admin: user_headers(admin, "admin"),
    "service": lambda _user, _admin: service_headers("orders"),
}


def new_user(name: str) -> dict[str, str]:
    return {"email": f"{name}-{uuid4()}@example.com", "name": name}


async def asked_by(caller: str, admin_id: UUID, client: httpx2.AsyncClient, request: Request) -> httpx2.Response:
    """Registers a user and has the caller ask."""
    user_id = (await client.post("/users", json=new_user("ada"))).json()["id"]
    body = None if request.body is None else {**request.body}
    if request.method == "POST":
        body = new_user("bob") | (body or {})
    path = request.path.format(id=user_id)
    return await client.request(request.method, path, json=body, headers=CALLERS[caller](user_id, admin_id))


@pytest.mark.parametrize("row", PERMISSIONS.values(), ids=PERMISSIONS)
async def test_who_may_what(anonymous: httpx2.AsyncClient, admin_id: UUID, row: tuple[Request, int]) -> None:
    request, *expected = row
    answers = [await asked_by(caller, admin_id, anonymous, request) for caller in CALLERS]
    assert dict(zip(CALLERS, (answer.status_code for answer in answers), strict=True)) == dict(
        zip(CALLERS, expected, strict=True)
    )
    refused = [answer for answer in answers if answer.status_code in {UNAUTHORIZED, FORBIDDEN}]
    assert {answer.headers["content-type"] for answer in refused} <= {"application/problem+json"}


@pytest.mark.parametrize("what_became", [{"role": "member"}, None], ids=["a member", "nobody"])
async def test_who_was_an_admin_changes_nothing_by_the_token_of_then(
    anonymous: httpx2.AsyncClient, admin: httpx2.AsyncClient, what_became: Mapping[str, str] | None
) -> None:
    ada = (await anonymous.post("/users", json=ADA)).json()["id"]
    eve = (await admin.post("/users", json={**new_user("eve"), "role": "admin"})).json()["id"]
    method = "PATCH" if what_became else "DELETE"
    assert (await admin.request(method, f"/users/{eve}", json=what_became)).is_success
    token = user_headers(eve, "admin")
    answers = [
        await anonymous.patch(f"/users/{eve}", json={"role": "admin"}, headers=token),
        await anonymous.post("/users", json={**new_user("joe"), "role": "admin"}, headers=token),
        await anonymous.patch(f"/users/{ada}", json={"password": "staple of the other kind"}, headers=token),
        await anonymous.delete(f"/users/{ada}", headers=token),
    ]
    assert [answer.status_code for answer in answers] == [FORBIDDEN] * 4


async def test_what_is_forbidden_does_not_tell_whether_there_is_such_a_user(anonymous: httpx2.AsyncClient) -> None:
    user_id = (await anonymous.post("/users", json=ADA)).json()["id"]
    member = user_headers(uuid4())
    known = await anonymous.get(f"/users/{user_id}", headers=member)
    unknown = await anonymous.get(f"/users/{uuid4()}", headers=member)
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)


async def test_a_role_in_a_token_of_nobody_helps_nobody(anonymous: httpx2.AsyncClient) -> None:
    user_id = (await anonymous.post("/users", json=ADA)).json()["id"]
    for role in ("", "Admin", "administrator", "service:orders", "root"):
        assert (
            await anonymous.delete(f"/users/{user_id}", headers=user_headers(uuid4(), role or "-"))
        ).status_code == 403


async def test_answers_with_the_user_of_the_token(anonymous: httpx2.AsyncClient) -> None:
    user = (await anonymous.post("/users", json=ADA)).json()
    answer = await anonymous.get("/users/me", headers=user_headers(user["id"]))
    assert (answer.status_code, answer.json()) == (200, {**user, "order_count": 0})


async def test_the_token_of_a_deleted_user_is_nobodys(anonymous: httpx2.AsyncClient) -> None:
    headers = user_headers((await anonymous.post("/users", json=ADA)).json()["id"])
    user_id = UUID((await anonymous.get("/users/me", headers=headers)).json()["id"])
    assert (await anonymous.delete(f"/users/{user_id}", headers=headers)).status_code == 204
    assert (await anonymous.get("/users/me", headers=headers)).status_code == 404


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}])
async def test_nobody_is_no_user(anonymous: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    assert (await anonymous.get("/users/me", headers=headers)).status_code == 401


async def test_a_service_is_no_user(anonymous: httpx2.AsyncClient) -> None:
    assert (await anonymous.get("/users/me", headers=service_headers("orders"))).status_code == 403


async def test_refusals_are_declared(anonymous: httpx2.AsyncClient) -> None:
    paths = (await anonymous.get("/openapi.json")).json()["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            if path.startswith("/users"):
                assert {"401", "403"} <= set(operation["responses"]), (method, path)
                assert {"token": []} in operation["security"], (method, path)
    assert {} in paths["/users"]["post"]["security"]
    assert {"401", "429"} <= set(paths["/auth/token"]["post"]["responses"])
    assert "429" in paths["/users/{user_id}"]["patch"]["responses"]
