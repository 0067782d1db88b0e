"""What a user of the two reference services gets, over the ports of `make up`."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from eventually import eventually
from fleet import SERVICE, await_ready
from kubectl import Kubectl
from secrecy import Evidence

USERS_URL = "http://localhost:8001"
ORDERS_URL = "http://localhost:8002"
PROBLEM = "application/problem+json"
EVENT_SECONDS = 30.0
PASSWORD = "correct horse battery staple"
ADMIN_EMAIL = "admin@example.com"


@dataclass(frozen=True)
class Person:
    """Somebody with a token, which goes with every request."""

    token: str = field(repr=False)
    users: httpx2.Client
    orders: httpx2.Client
    user: dict[str, Any]


@pytest.fixture
def users() -> Iterator[httpx2.Client]:
    """The users service, without a token."""
    with httpx2.Client(base_url=USERS_URL, timeout=10) as client:
        yield client


@pytest.fixture
def orders() -> Iterator[httpx2.Client]:
    """The orders service, without a token."""
    with httpx2.Client(base_url=ORDERS_URL, timeout=10) as client:
        yield client


@pytest.fixture
def ada(users: httpx2.Client) -> Iterator[Person]:
    """Somebody who has just registered."""
    yield from newcomer(users)


@pytest.fixture
def bob(users: httpx2.Client) -> Iterator[Person]:
    """Somebody else who has just registered."""
    yield from newcomer(users)


@pytest.fixture
def admin(fleet: Kubectl, users: httpx2.Client) -> Iterator[Person]:
    """The first administrator, whose password the operator made."""
    secret = fleet.get("secret", "users-secrets")
    assert secret is not None
    password = base64.b64decode(secret["data"]["ADMIN_PASSWORD"]).decode()
    yield from person(users, ADMIN_EMAIL, password)


@pytest.fixture(params=["users", "orders"])
def either(request: pytest.FixtureRequest) -> httpx2.Client:
    """Each of the two services."""
    client: httpx2.Client = request.getfixturevalue(request.param)
    return client


def newcomer(users: httpx2.Client) -> Iterator[Person]:
    body = new_user()
    created(users.post("/users", json=body))
    yield from person(users, body["email"], PASSWORD)


def person(users: httpx2.Client, email: str, password: str) -> Iterator[Person]:
    token = log_in(users, email, password)
    headers = {"Authorization": f"Bearer {token}"}
    with (
        httpx2.Client(base_url=USERS_URL, timeout=10, headers=headers) as own_users,
        httpx2.Client(base_url=ORDERS_URL, timeout=10, headers=headers) as own_orders,
    ):
        yield Person(token, own_users, own_orders, own_users.get("/users/me").raise_for_status().json())


def log_in(users: httpx2.Client, email: str, password: str) -> str:
    form = {"grant_type": "password", "username": email, "password": password}
    token: str = users.post("/auth/token", data=form).raise_for_status().json()["access_token"]
    return token


def new_user() -> dict[str, str]:
    return {"email": f"ada-{uuid4().hex}@example.com", "name": "Ada", "password": PASSWORD}


def new_order(**changes: Any) -> dict[str, Any]:
    items = [{"sku": "keyboard", "quantity": 2, "unit_price": 4900}]
    return {"currency": "EUR", "items": items} | changes


def embedded(user: dict[str, Any]) -> dict[str, Any]:
    """What an order shows of its user."""
    return {key: user[key] for key in ("id", "email", "name", "role")}


def created(response: httpx2.Response) -> dict[str, Any]:
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


def problem(response: httpx2.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == PROBLEM
    body: dict[str, Any] = response.json()
    return body


def await_status(person: Person, order: dict[str, Any], status: str) -> None:
    def reached() -> None:
        assert person.orders.get(f"/orders/{order['id']}").json()["status"] == status

    eventually(reached, EVENT_SECONDS)


def user_port_answers() -> None:
    """The node's port follows the pods with a delay of its own."""
    try:
        assert httpx2.get(f"{USERS_URL}/health/ready").status_code == 200
    except httpx2.TransportError as error:
        raise AssertionError(f"{USERS_URL}: {error}") from error


def test_new_user_reads_what_was_registered(ada: Person) -> None:
    assert ada.user["role"] == "member"
    assert ada.user["order_count"] == 0
    assert ada.users.get(f"/users/{ada.user['id']}").json() == ada.user


def test_order_shows_its_user_and_is_confirmed_by_the_reservation(ada: Person) -> None:
    order = created(ada.orders.post("/orders", json=new_order()))
    read = ada.orders.get(f"/orders/{order['id']}").json()
    assert read["total"] == 9800
    assert read["user"] == embedded(ada.user)
    assert read["degraded"] is False
    await_status(ada, order, "confirmed")


def test_order_beyond_the_stock_is_rejected_and_not_counted(admin: Person, ada: Person) -> None:
    sku = f"last-{uuid4().hex}"
    admin.orders.put(f"/inventory/{sku}", json={"available": 1}).raise_for_status()
    items = [{"sku": sku, "quantity": 2, "unit_price": 100}]
    await_status(ada, created(ada.orders.post("/orders", json=new_order(items=items))), "rejected")

    def not_counted() -> None:
        assert ada.users.get("/users/me").json()["order_count"] == 0

    eventually(not_counted, EVENT_SECONDS)


def test_order_is_counted_for_its_user_by_an_event(ada: Person) -> None:
    for _ in range(2):
        created(ada.orders.post("/orders", json=new_order()))

    def counted() -> None:
        assert ada.users.get("/users/me").json()["order_count"] == 2

    eventually(counted, EVENT_SECONDS)


def test_repeated_request_is_the_same_order(ada: Person) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    first = created(ada.orders.post("/orders", json=new_order(), headers=key))
    assert created(ada.orders.post("/orders", json=new_order(), headers=key)) == first
    assert len(ada.orders.get("/orders").json()["items"]) == 1


def test_others_find_neither_the_order_nor_the_user(ada: Person, bob: Person) -> None:
    order = created(ada.orders.post("/orders", json=new_order()))
    assert problem(bob.orders.get(f"/orders/{order['id']}"), 404)["code"] == "order_not_found"
    assert problem(bob.orders.post(f"/orders/{order['id']}/cancel"), 404)["code"] == "order_not_found"
    assert bob.orders.get("/orders").json()["items"] == []
    assert problem(bob.users.get(f"/users/{ada.user['id']}"), 403)["code"] == "forbidden"


def test_administrator_sees_everybodys(admin: Person, ada: Person) -> None:
    order = created(ada.orders.post("/orders", json=new_order()))
    assert admin.orders.get(f"/orders/{order['id']}").json()["user"] == embedded(ada.user)
    assert admin.users.get(f"/users/{ada.user['id']}").json()["email"] == ada.user["email"]


@pytest.mark.parametrize("token", [None, "nonsense"])
def test_no_token_and_a_wrong_one_are_refused(orders: httpx2.Client, users: httpx2.Client, token: str | None) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    for refused in (orders.post("/orders", json=new_order(), headers=headers), users.get("/users/me", headers=headers)):
        problem(refused, 401)
        assert refused.headers["www-authenticate"].startswith("Bearer")


def test_wrong_password_gets_no_token(users: httpx2.Client, ada: Person) -> None:
    form = {"grant_type": "password", "username": ada.user["email"], "password": "wrong"}
    assert problem(users.post("/auth/token", data=form), 401)["code"] == "invalid_grant"


def test_orders_knows_users_by_their_events_while_the_users_service_is_away(fleet: Kubectl, ada: Person) -> None:
    order = created(ada.orders.post("/orders", json=new_order()))

    def read_from_the_copy() -> None:
        read = ada.orders.get(f"/orders/{order['id']}").json()
        assert read["degraded"] is True
        assert read["user"] == embedded(ada.user)

    fleet.patch(SERVICE, "users", {"spec": {"replicas": 0}})
    try:
        eventually(read_from_the_copy, 60)
        created(ada.orders.post("/orders", json=new_order()))
    finally:
        fleet.patch(SERVICE, "users", {"spec": {"replicas": None}})
        await_ready(fleet, "users")
        eventually(user_port_answers, 30)


def test_second_user_of_an_address_is_a_conflict(users: httpx2.Client) -> None:
    body = new_user()
    created(users.post("/users", json=body))
    again = body | {"email": body["email"].upper()}
    assert problem(users.post("/users", json=again), 409)["code"] == "email_taken"


@pytest.mark.parametrize(
    ("change", "field"),
    [({"email": "nobody"}, "email"), ({"name": ""}, "name"), ({"role": "king"}, "role"), ({"age": 3}, "age")],
    ids=["bad address", "empty name", "unknown role", "unknown field"],
)
def test_invalid_user_is_refused_by_field(users: httpx2.Client, change: dict[str, Any], field: str) -> None:
    refusal = problem(users.post("/users", json=new_user() | change), 422)
    assert [error["field"] for error in refusal["errors"]] == [field]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"user_id": "7"}, "user_id"),
        ({"currency": "euro"}, "currency"),
        ({"items": []}, "items"),
        ({"items": [{"sku": "mouse", "quantity": 0, "unit_price": 1}]}, "items.0.quantity"),
    ],
    ids=["bad user id", "bad currency", "no items", "nothing of an item"],
)
def test_invalid_order_is_refused_by_field(ada: Person, change: dict[str, Any], field: str) -> None:
    refusal = problem(ada.orders.post("/orders", json=new_order(**change)), 422)
    assert [error["field"] for error in refusal["errors"]] == [field]


def test_unknown_user_and_order_are_problems(admin: Person) -> None:
    assert problem(admin.users.get(f"/users/{uuid4()}"), 404)["code"] == "user_not_found"
    assert problem(admin.orders.get(f"/orders/{uuid4()}"), 404)["code"] == "order_not_found"


def test_config_check_names_secrets_and_shows_none(fleet: Kubectl, evidence: Evidence, either: httpx2.Client) -> None:
    evidence.gather(fleet)
    answer = either.get("/config-check")
    assert {"database_url", "rabbitmq_url", "jwt_secret"} <= set(answer.json()["secrets_set"])
    assert answer.json()["settings"]["service_name"] in {"users", "orders"}
    assert evidence.leaks(answer.text) == []


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/metrics", "/health/live", "/health/ready"])
def test_operational_endpoint_answers(either: httpx2.Client, path: str) -> None:
    assert either.get(path).status_code == 200


def test_metrics_count_requests(either: httpx2.Client) -> None:
    either.get("/docs")
    assert "http_request" in either.get("/metrics").text
