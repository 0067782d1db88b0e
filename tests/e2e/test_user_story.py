"""What a user of the two reference services gets, over the ports of `make up`."""

from collections.abc import Iterator
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


@pytest.fixture
def users() -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=USERS_URL, timeout=10) as client:
        yield client


@pytest.fixture
def orders() -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=ORDERS_URL, timeout=10) as client:
        yield client


@pytest.fixture
def user(users: httpx2.Client) -> dict[str, Any]:
    """A user just registered."""
    return created(users.post("/users", json=new_user()))


@pytest.fixture(params=["users", "orders"])
def either(request: pytest.FixtureRequest) -> httpx2.Client:
    """Each of the two services."""
    client: httpx2.Client = request.getfixturevalue(request.param)
    return client


def new_user() -> dict[str, str]:
    return {"email": f"ada-{uuid4().hex}@example.com", "name": "Ada"}


def new_order(user: dict[str, Any], **changes: Any) -> dict[str, Any]:
    items = [{"sku": "keyboard", "quantity": 2, "unit_price": 4900}]
    return {"user_id": user["id"], "currency": "EUR", "items": items} | changes


def created(response: httpx2.Response) -> dict[str, Any]:
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


def problem(response: httpx2.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == PROBLEM
    body: dict[str, Any] = response.json()
    return body


def user_port_answers() -> None:
    """The node's port follows the pods with a delay of its own."""
    try:
        assert httpx2.get(f"{USERS_URL}/health/ready").status_code == 200
    except httpx2.TransportError as error:
        raise AssertionError(f"{USERS_URL}: {error}") from error


def test_new_user_can_be_read(users: httpx2.Client, user: dict[str, Any]) -> None:
    assert user["role"] == "member"
    assert users.get(f"/users/{user['id']}").json() == user | {"order_count": 0}


def test_order_shows_its_user(orders: httpx2.Client, user: dict[str, Any]) -> None:
    order = created(orders.post("/orders", json=new_order(user)))
    read = orders.get(f"/orders/{order['id']}").json()
    assert read["total"] == 9800
    assert read["user"] == user
    assert read["degraded"] is False


def test_order_is_counted_for_its_user_by_an_event(
    users: httpx2.Client, orders: httpx2.Client, user: dict[str, Any]
) -> None:
    for _ in range(2):
        created(orders.post("/orders", json=new_order(user)))

    def counted() -> None:
        assert users.get(f"/users/{user['id']}").json()["order_count"] == 2

    eventually(counted, EVENT_SECONDS)


def test_orders_knows_users_by_their_events_while_the_users_service_is_away(
    fleet: Kubectl, orders: httpx2.Client, user: dict[str, Any]
) -> None:
    order = created(orders.post("/orders", json=new_order(user)))

    def read_from_the_copy() -> None:
        read = orders.get(f"/orders/{order['id']}").json()
        assert read["degraded"] is True
        assert read["user"] == user

    fleet.patch(SERVICE, "users", {"spec": {"replicas": 0}})
    try:
        eventually(read_from_the_copy, 60)
    finally:
        fleet.patch(SERVICE, "users", {"spec": {"replicas": None}})
        await_ready(fleet, "users")
        eventually(user_port_answers, 30)


def test_second_user_of_an_address_is_a_conflict(users: httpx2.Client) -> None:
    body = new_user()
    created(users.post("/users", json=body))
    assert problem(users.post("/users", json=body), 409)["code"] == "email_taken"


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
def test_invalid_order_is_refused_by_field(
    orders: httpx2.Client, user: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    refusal = problem(orders.post("/orders", json=new_order(user, **change)), 422)
    assert [error["field"] for error in refusal["errors"]] == [field]


def test_unknown_user_and_order_are_problems(users: httpx2.Client, orders: httpx2.Client) -> None:
    assert problem(users.get(f"/users/{uuid4()}"), 404)["code"] == "user_not_found"
    assert problem(orders.get(f"/orders/{uuid4()}"), 404)["code"] == "order_not_found"


def test_config_check_names_secrets_and_shows_none(fleet: Kubectl, evidence: Evidence, either: httpx2.Client) -> None:
    evidence.gather(fleet)
    answer = either.get("/config-check")
    assert {"database_url", "rabbitmq_url"} <= set(answer.json()["secrets_set"])
    assert answer.json()["settings"]["service_name"] in {"users", "orders"}
    assert evidence.leaks(answer.text) == []


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/metrics", "/health/live", "/health/ready"])
def test_operational_endpoint_answers(either: httpx2.Client, path: str) -> None:
    assert either.get(path).status_code == 200


def test_metrics_count_requests(either: httpx2.Client) -> None:
    either.get("/docs")
    assert "http_request" in either.get("/metrics").text
