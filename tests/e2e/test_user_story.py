"""What a user of the two reference services gets, over the ports of `make up`, by their generated clients."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import orders_client
import pytest
import users_client
from eventually import eventually
from fleet import SERVICE, await_ready
from kubectl import Kubectl
from orders_client.api.inventory import set_stock
from orders_client.api.orders import cancel_order, create_order, get_order, list_orders
from orders_client.models.embedded_user import EmbeddedUser
from orders_client.models.item import Item
from orders_client.models.order_create import OrderCreate
from orders_client.models.order_created import OrderCreated
from orders_client.models.order_page import OrderPage
from orders_client.models.order_read import OrderRead
from orders_client.models.order_status import OrderStatus
from orders_client.models.problem import Problem as OrdersProblem
from orders_client.models.stock_read import StockRead
from orders_client.models.stock_update import StockUpdate
from orders_client.types import UNSET, Unset
from secrecy import Evidence
from users_client.api.tokens import create_token
from users_client.api.users import create_user, get_own_user, get_user
from users_client.models.problem import Problem as UsersProblem
from users_client.models.role import Role
from users_client.models.token import Token
from users_client.models.token_request import TokenRequest
from users_client.models.token_request_grant_type import TokenRequestGrantType
from users_client.models.user_create import UserCreate
from users_client.models.user_created import UserCreated
from users_client.models.user_read import UserRead

USERS_URL = "http://localhost:8001"
ORDERS_URL = "http://localhost:8002"
PROBLEM = "application/problem+json"
TIMEOUT = httpx.Timeout(10)
EVENT_SECONDS = 30.0
PASSWORD = "correct horse battery staple"
ADMIN_EMAIL = "admin@example.com"

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Person:
    """Somebody with a token, which goes with every request."""

    users: users_client.AuthenticatedClient = field(repr=False)
    orders: orders_client.AuthenticatedClient = field(repr=False)

    @property
    def user(self) -> UserRead:
        """The user as the users service has it now."""
        return answered(UserRead, get_own_user.sync(client=self.users))

    def place(self, *items: Item, key: str | Unset = UNSET) -> OrderCreated:
        """An order just placed, of two keyboards unless told."""
        body = OrderCreate(currency="EUR", items=list(items) or [Item(sku="keyboard", quantity=2, unit_price=4900)])
        return answered(OrderCreated, create_order.sync(client=self.orders, body=body, idempotency_key=key))

    def read(self, order: OrderCreated) -> OrderRead:
        """The order as it is now."""
        return answered(OrderRead, get_order.sync(order.id, client=self.orders))


@pytest.fixture
def stranger() -> Iterator[users_client.Client]:
    """The users service, called without a token."""
    with users_client.Client(USERS_URL, timeout=TIMEOUT, raise_on_unexpected_status=True) as client:
        yield client


@pytest.fixture
def ada(stranger: users_client.Client) -> Iterator[Person]:
    """Somebody who has just registered."""
    yield from newcomer(stranger)


@pytest.fixture
def bob(stranger: users_client.Client) -> Iterator[Person]:
    """Somebody else who has just registered."""
    yield from newcomer(stranger)


@pytest.fixture
def admin(fleet: Kubectl, stranger: users_client.Client) -> Iterator[Person]:
    """The first administrator, whose password the operator made."""
    secret = fleet.get("secret", "users-secrets")
    assert secret is not None
    password = base64.b64decode(secret["data"]["ADMIN_PASSWORD"]).decode()
    yield from person(stranger, ADMIN_EMAIL, password)


@pytest.fixture(params=[USERS_URL, ORDERS_URL], ids=["users", "orders"])
def either(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """Each of the two services, called by hand and without a token."""
    with httpx.Client(base_url=request.param, timeout=TIMEOUT) as client:
        yield client


def newcomer(stranger: users_client.Client) -> Iterator[Person]:
    body = new_user()
    answered(UserCreated, create_user.sync(client=stranger, body=body))
    yield from person(stranger, body.email, PASSWORD)


def person(stranger: users_client.Client, email: str, password: str) -> Iterator[Person]:
    token = answered(Token, log_in(stranger, email, password)).access_token
    with (
        users_client.AuthenticatedClient(USERS_URL, token, timeout=TIMEOUT, raise_on_unexpected_status=True) as users,
        orders_client.AuthenticatedClient(
            ORDERS_URL, token, timeout=TIMEOUT, raise_on_unexpected_status=True
        ) as orders,
    ):
        yield Person(users, orders)


def log_in(stranger: users_client.Client, email: str, password: str) -> Token | UsersProblem | None:
    form = TokenRequest(grant_type=TokenRequestGrantType.PASSWORD, username=email, password=password)
    return create_token.sync(client=stranger, body=form)


def new_user() -> UserCreate:
    return UserCreate(email=f"ada-{uuid4().hex}@example.com", name="Ada", password=PASSWORD)


def embedded(user: UserRead) -> EmbeddedUser:
    """What an order shows of its user."""
    return EmbeddedUser(id=user.id, email=user.email, name=user.name, role=user.role)


def answered(kind: type[Answer], answer: object) -> Answer:
    assert isinstance(answer, kind), answer
    return answer


def refused(answer: object, status: int) -> str:
    """The code of the problem that was answered."""
    assert isinstance(answer, UsersProblem | OrdersProblem), answer
    assert answer.status == status
    return answer.code


def refused_fields(response: httpx.Response) -> list[str]:
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == PROBLEM
    return [error["field"] for error in response.json()["errors"]]


def await_status(person: Person, order: OrderCreated, status: OrderStatus) -> None:
    def reached() -> None:
        assert person.read(order).status == status

    eventually(reached, EVENT_SECONDS)


def await_order_count(person: Person, count: int) -> None:
    def counted() -> None:
        assert person.user.order_count == count

    eventually(counted, EVENT_SECONDS)


def answers(url: str) -> None:
    """The node's port follows the pods with a delay of its own."""
    try:
        assert httpx.get(f"{url}/health/ready").status_code == 200
    except httpx.TransportError as error:
        raise AssertionError(f"{url}: {error}") from error


def test_new_user_reads_what_was_registered(ada: Person) -> None:
    user = ada.user
    assert user.role == Role.MEMBER
    assert user.order_count == 0
    assert get_user.sync(user.id, client=ada.users) == user


def test_order_shows_its_user_and_is_confirmed_by_the_reservation(ada: Person) -> None:
    order = ada.place()
    read = ada.read(order)
    assert read.total == 9800
    assert read.user == embedded(ada.user)
    assert read.degraded is False
    await_status(ada, order, OrderStatus.CONFIRMED)


def test_order_beyond_the_stock_is_rejected_and_not_counted(admin: Person, ada: Person) -> None:
    sku = f"last-{uuid4().hex}"
    answered(StockRead, set_stock.sync(sku, client=admin.orders, body=StockUpdate(available=1)))
    await_status(ada, ada.place(Item(sku=sku, quantity=2, unit_price=100)), OrderStatus.REJECTED)
    await_order_count(ada, 0)


def test_order_is_counted_for_its_user_by_an_event(ada: Person) -> None:
    for _ in range(2):
        ada.place()
    await_order_count(ada, 2)


def test_cancelled_order_is_counted_no_longer(ada: Person) -> None:
    order = ada.place()
    await_order_count(ada, 1)
    cancel_order.sync(order.id, client=ada.orders)
    assert ada.read(order).status == OrderStatus.CANCELLED
    await_order_count(ada, 0)


def test_repeated_request_is_the_same_order(ada: Person) -> None:
    key = uuid4().hex
    assert ada.place(key=key) == ada.place(key=key)
    assert len(answered(OrderPage, list_orders.sync(client=ada.orders)).items) == 1


def test_others_find_neither_the_order_nor_the_user(ada: Person, bob: Person) -> None:
    order = ada.place()
    assert refused(get_order.sync(order.id, client=bob.orders), 404) == "order_not_found"
    assert refused(cancel_order.sync(order.id, client=bob.orders), 404) == "order_not_found"
    assert answered(OrderPage, list_orders.sync(client=bob.orders)).items == []
    assert refused(get_user.sync(ada.user.id, client=bob.users), 403) == "forbidden"


def test_administrator_sees_everybodys(admin: Person, ada: Person) -> None:
    order = ada.place()
    assert admin.read(order).user == embedded(ada.user)
    assert answered(UserRead, get_user.sync(ada.user.id, client=admin.users)).email == ada.user.email


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer nonsense"}], ids=["no token", "nonsense"])
@pytest.mark.parametrize("url", [f"{USERS_URL}/users/me", f"{ORDERS_URL}/orders"])
def test_no_token_and_a_wrong_one_are_refused(url: str, headers: dict[str, str]) -> None:
    answer = httpx.get(url, headers=headers, timeout=TIMEOUT)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == PROBLEM
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_wrong_password_gets_no_token(stranger: users_client.Client, ada: Person) -> None:
    assert refused(log_in(stranger, ada.user.email, "wrong"), 401) == "invalid_grant"


def test_orders_knows_users_by_their_events_while_the_users_service_is_away(fleet: Kubectl, ada: Person) -> None:
    user, order = ada.user, ada.place()

    def read_from_the_copy() -> None:
        read = ada.read(order)
        assert read.degraded is True
        assert read.user == embedded(user)

    fleet.patch(SERVICE, "users", {"spec": {"replicas": 0}})
    try:
        eventually(read_from_the_copy, 60)
        ada.place()
    finally:
        fleet.patch(SERVICE, "users", {"spec": {"replicas": None}})
        await_ready(fleet, "users")
        eventually(lambda: answers(USERS_URL), 30)


def test_orders_asks_users_over_grpc_where_told_to(fleet: Kubectl, ada: Person) -> None:
    over_grpc = {"USERS_PROTOCOL": "grpc", "USER_SERVICE_GRPC": "users:9000"}
    try:
        reconfigure_orders(fleet, over_grpc, protocol="grpc")
        read = ada.read(ada.place())
        assert (read.degraded, read.user) == (False, embedded(ada.user))
    finally:
        reconfigure_orders(fleet, dict.fromkeys(over_grpc), protocol="http")


def reconfigure_orders(fleet: Kubectl, config: Mapping[str, str | None], *, protocol: str) -> None:
    """Wait until the node's port leads to pods that ask users by this protocol. None takes a variable out again."""
    fleet.patch(SERVICE, "orders", {"spec": {"config": config}})
    await_ready(fleet, "orders")

    def asks_by_it() -> None:
        answers(ORDERS_URL)
        assert httpx.get(f"{ORDERS_URL}/config-check").json()["settings"]["users_protocol"] == protocol

    eventually(asks_by_it, 30)


def test_second_user_of_an_address_is_a_conflict(stranger: users_client.Client, ada: Person) -> None:
    again = UserCreate(email=ada.user.email.upper(), name="Ada")
    assert refused(create_user.sync(client=stranger, body=again), 409) == "email_taken"


@pytest.mark.parametrize(
    ("change", "wrong"),
    [({"email": "nobody"}, "email"), ({"name": ""}, "name"), ({"role": "king"}, "role"), ({"age": 3}, "age")],
    ids=["bad address", "empty name", "unknown role", "unknown field"],
)
def test_invalid_user_is_refused_by_field(change: dict[str, Any], wrong: str) -> None:
    body = new_user().to_dict() | change
    assert refused_fields(httpx.post(f"{USERS_URL}/users", json=body, timeout=TIMEOUT)) == [wrong]


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"user_id": "7"}, "user_id"),
        ({"currency": "euro"}, "currency"),
        ({"items": []}, "items"),
        ({"items": [{"sku": "mouse", "quantity": 0, "unit_price": 1}]}, "items.0.quantity"),
    ],
    ids=["bad user id", "bad currency", "no items", "nothing of an item"],
)
def test_invalid_order_is_refused_by_field(ada: Person, change: dict[str, Any], wrong: str) -> None:
    body = {"currency": "EUR", "items": [{"sku": "mouse", "quantity": 1, "unit_price": 1}]} | change
    assert refused_fields(ada.orders.get_httpx_client().post("/orders", json=body)) == [wrong]


def test_unknown_user_and_order_are_problems(admin: Person) -> None:
    nobody = uuid4()
    assert refused(get_user.sync(nobody, client=admin.users), 404) == "user_not_found"
    assert refused(get_order.sync(nobody, client=admin.orders), 404) == "order_not_found"


def test_config_check_names_secrets_and_shows_none(fleet: Kubectl, evidence: Evidence, either: httpx.Client) -> None:
    evidence.gather(fleet)
    answer = either.get("/config-check")
    assert {"database_url", "rabbitmq_url", "jwt_secret"} <= set(answer.json()["secrets_set"])
    assert answer.json()["settings"]["service_name"] in {"users", "orders"}
    assert evidence.leaks(answer.text) == []


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/metrics", "/health/live", "/health/ready"])
def test_operational_endpoint_answers(either: httpx.Client, path: str) -> None:
    assert either.get(path).status_code == 200


def test_metrics_count_requests(either: httpx.Client) -> None:
    either.get("/docs")
    assert "http_request" in either.get("/metrics").text
