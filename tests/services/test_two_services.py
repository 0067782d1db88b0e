"""Both services as processes of their own, called by the clients that are generated from their documents."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import orders_client
import pytest
import users_client
from fleetkit.testing import eventually, required_variable, temporary_database, temporary_vhost
from fleetkit.testing.collector import TraceCollector, trace_collector
from fleetkit.testing.service_process import ready_service
from orders_client.api.orders import create_order, get_order
from orders_client.models.item import Item
from orders_client.models.order_create import OrderCreate
from orders_client.models.order_created import OrderCreated
from orders_client.models.order_read import OrderRead
from orders_client.models.order_status import OrderStatus
from users_client.api.tokens import create_token
from users_client.api.users import create_user, get_own_user, get_user
from users_client.models.problem import Problem
from users_client.models.token import Token
from users_client.models.token_request import TokenRequest
from users_client.models.token_request_grant_type import TokenRequestGrantType
from users_client.models.user_create import UserCreate
from users_client.models.user_read import UserRead

SERVICES = Path(__file__).parents[2] / "services"
SECRET = "of the orders service in tests"
EMAIL, PASSWORD = "ada@example.com", "correct horse battery staple"


@dataclass(frozen=True)
class Fleet:
    """Where both services are, and the collector that gets their traces."""

    users_url: str
    orders_url: str
    traces: TraceCollector


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    amqp, management = required_variable("TEST_RABBITMQ_URL"), required_variable("TEST_RABBITMQ_MANAGEMENT_URL")
    async with AsyncExitStack() as stack:
        traces = await stack.enter_async_context(trace_collector())
        vhost = await stack.enter_async_context(temporary_vhost(amqp, management))
        common = {
            "RABBITMQ_URL": vhost.url,
            "JWT_SECRET": "known to both services and to this test",
            "OTEL_EXPORTER_OTLP_ENDPOINT": traces.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        users_database, orders_database = [
            await stack.enter_async_context(temporary_database(required_variable(f"{name}_TEST_DATABASE_URL")))
            for name in ("USERS", "ORDERS")
        ]
        users = await stack.enter_async_context(
            ready_service(
                SERVICES / "users", common | {"DATABASE_URL": users_database, "SERVICE_CLIENTS__ORDERS": SECRET}
            )
        )
        own = {"DATABASE_URL": orders_database, "USER_SERVICE_URL": users.url, "SERVICE_CLIENT_SECRET": SECRET}
        orders = await stack.enter_async_context(ready_service(SERVICES / "orders", common | own))
        yield Fleet(users.url, orders.url, traces)


@dataclass(frozen=True)
class Ada:
    """A user with her token, as both services know her."""

    users: users_client.AuthenticatedClient
    orders: orders_client.AuthenticatedClient


@pytest.fixture
async def ada(fleet: Fleet) -> AsyncIterator[Ada]:
    async with users_client.Client(fleet.users_url) as stranger:
        await create_user.asyncio(client=stranger, body=UserCreate(email=EMAIL, name="Ada", password=PASSWORD))
        form = TokenRequest(grant_type=TokenRequestGrantType.PASSWORD, username=EMAIL, password=PASSWORD)
        token = await create_token.asyncio(client=stranger, body=form)
    assert isinstance(token, Token)
    async with (
        users_client.AuthenticatedClient(fleet.users_url, token.access_token) as users,
        orders_client.AuthenticatedClient(fleet.orders_url, token.access_token) as orders,
    ):
        yield Ada(users, orders)


async def place_order(ada: Ada) -> OrderCreated:
    body = OrderCreate(currency="EUR", items=[Item(quantity=2, sku="keyboard", unit_price=4900)])
    order = await create_order.asyncio(client=ada.orders, body=body)
    assert isinstance(order, OrderCreated)
    return order


async def read_order(ada: Ada, order: OrderCreated) -> OrderRead:
    read = await get_order.asyncio(order.id, client=ada.orders)
    assert isinstance(read, OrderRead)
    return read


async def test_an_order_is_confirmed_and_shows_its_user(ada: Ada) -> None:
    order = await place_order(ada)

    async def is_confirmed() -> bool:
        return (await read_order(ada, order)).status is OrderStatus.CONFIRMED

    await eventually(is_confirmed)
    read = await read_order(ada, order)
    me = await get_own_user.asyncio(client=ada.users)
    assert isinstance(me, UserRead)
    assert read.user is not None
    assert (read.user.id, read.user.email, read.degraded, read.total) == (me.id, EMAIL, False, 9800)


async def test_a_refusal_is_a_problem_with_its_code(ada: Ada) -> None:
    order = await place_order(ada)
    refused = await get_user.asyncio_detailed(order.id, client=ada.users)
    assert isinstance(refused.parsed, Problem)
    assert (refused.status_code, refused.parsed.code) == (403, "forbidden")


async def test_one_trace_goes_through_both_services_and_the_broker(fleet: Fleet, ada: Ada) -> None:
    order = await place_order(ada)

    async def event_is_in_the_trace_of_its_order() -> bool:
        spans = [("orders", "POST /orders"), ("orders", "send order.created"), ("users", "process order.created")]
        return bool(set.intersection(*(trace_ids(fleet, *span) for span in spans)))

    await eventually(event_is_in_the_trace_of_its_order)
    await read_order(ada, order)

    async def call_is_in_the_trace_of_its_request() -> bool:
        spans = [("orders", "GET /orders/{order_id}"), ("users", "GET /users/{user_id}")]
        return bool(set.intersection(*(trace_ids(fleet, *span) for span in spans)))

    await eventually(call_is_in_the_trace_of_its_request)


def trace_ids(fleet: Fleet, service: str, name: str) -> set[str]:
    """The traces in which a service has made a span of this name."""
    return {span.trace_id for span in fleet.traces.spans if (span.service, span.name) == (service, name)}
