"""What becomes of orders while the users service is gone, slow or faulty, on real sockets (fault test M-11)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import count
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from app.config import Settings
from app.main import create_app
from app.models.user import UserSummary
from app.repositories.known_users import KnownUserRepository
from fleetkit.database import Database
from fleetkit.testing import eventually, fault_scale, running_app
from fleetkit.testing.http_server import Answer, LoopbackService
from fleetkit.testing.tokens import user_headers
from prometheus_client.parser import text_string_to_metric_families
from pydantic import AnyHttpUrl

ADA = UserSummary(uuid4(), "ada@example.com", "Ada", "member")
ITEMS = [{"sku": "sticker", "quantity": 1, "unit_price": 100}]
AT_ONCE = 4
PAUSE_SECONDS = 0.05
MAX_SECONDS = 1.0
DEGRADED_READS = 20 * fault_scale() ** 2
CALLS_BEFORE = 40
Break = Callable[[LoopbackService], Awaitable[None]]


def answer(method: str, target: str) -> Answer:
    """What users answers while it is well."""
    if (method, target) == ("POST", "/auth/token"):
        return HTTPStatus.OK, {"access_token": "of-orders", "token_type": "bearer", "expires_in": 3600}
    user = {"id": str(ADA.id), "email": ADA.email, "name": ADA.name, "role": ADA.role}
    return HTTPStatus.OK, {"items": [user]} if target.startswith("/users?") else user


async def be_gone(users: LoopbackService) -> None:
    await users.stop()


async def be_slow(users: LoopbackService) -> None:
    users.delay = 10.0


async def fail_every_second_time(users: LoopbackService) -> None:
    numbers = count()
    users.fails = lambda _number: next(numbers) % 2 == 0


async def heal(users: LoopbackService) -> None:
    await users.stop()
    users.delay = 0.0
    users.fails = lambda _number: False
    await users.start()


@pytest.fixture
async def users() -> AsyncIterator[LoopbackService]:
    async with LoopbackService(answer) as users:
        yield users


@pytest.fixture
async def client(settings: Settings, database: Database, users: LoopbackService) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the running service as Ada, whom it knows from events too."""
    async with database.acquire() as connection:
        await KnownUserRepository(connection).remember(ADA, datetime.now(UTC))
    async with running_app(
        create_app(settings.model_copy(update={"user_service_url": AnyHttpUrl(users.url)}))
    ) as client:

        async def is_ready() -> bool:
            return (await client.get("/health/ready")).is_success

        await eventually(is_ready)
        client.headers.update(user_headers(ADA.id))
        yield client


async def place(client: httpx2.AsyncClient) -> UUID:
    placed = await client.post("/orders", json={"currency": "EUR", "items": ITEMS})
    assert placed.status_code == HTTPStatus.CREATED
    return UUID(placed.json()["id"])


async def upstream(client: httpx2.AsyncClient, name: str, **labels: str) -> float:
    text = (await client.get("/metrics")).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return sum(
        sample.value
        for sample in samples
        if sample.name == f"upstream_{name}" and labels.items() <= sample.labels.items()
    )


async def is_degraded(client: httpx2.AsyncClient, order_id: UUID) -> bool:
    shown: dict[str, Any] = (await client.get(f"/orders/{order_id}")).raise_for_status().json()
    assert shown["user"] == {"id": str(ADA.id), "email": ADA.email, "name": ADA.name, "role": ADA.role}
    return bool(shown["degraded"])


class Readers:
    """Some who look at an order over and over, and how long each answer took.

    Beside them somebody asks for readiness, which needs the database as they do and nothing of users: what that takes
    is due to the machine.
    """

    def __init__(self, client: httpx2.AsyncClient, order_id: UUID) -> None:
        self._client = client
        self._order_id = order_id
        self.seconds: list[float] = []
        self.seconds_without_users: list[float] = []
        self.degraded = 0

    async def read(self) -> None:
        while True:
            began = perf_counter()
            self.degraded += await is_degraded(self._client, self._order_id)
            self.seconds.append(perf_counter() - began)
            await asyncio.sleep(PAUSE_SECONDS)

    async def compare(self) -> None:
        while True:
            began = perf_counter()
            (await self._client.get("/health/ready")).raise_for_status()
            self.seconds_without_users.append(perf_counter() - began)
            await asyncio.sleep(PAUSE_SECONDS)

    async def has_seen_enough(self) -> bool:
        return self.degraded >= DEGRADED_READS


def slowest_of_a_hundred(seconds: Sequence[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)]


@pytest.mark.parametrize("break_users", [be_gone, be_slow, fail_every_second_time])
async def test_orders_are_shown_and_placed_in_time_whatever_becomes_of_users(
    client: httpx2.AsyncClient, users: LoopbackService, break_users: Break
) -> None:
    order_id = await place(client)
    assert not await is_degraded(client, order_id)
    readers = Readers(client, order_id)

    async def is_warm() -> bool:
        return await upstream(client, "calls_total", result="answered") >= CALLS_BEFORE

    async def is_open() -> bool:
        return await upstream(client, "breaker_state", state="open") == 1

    async def is_well() -> bool:
        return not await is_degraded(client, order_id)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work()) for work in (*[readers.read] * AT_ONCE, readers.compare)]
        await eventually(is_warm)
        await break_users(users)
        await eventually(is_open, within=10)
        await place(client)
        await eventually(readers.has_seen_enough, within=DEGRADED_READS)
        await heal(users)
        await eventually(is_well, within=15)
        for task in tasks:
            task.cancel()

    due = MAX_SECONDS + slowest_of_a_hundred(readers.seconds_without_users)
    assert slowest_of_a_hundred(readers.seconds) <= due
    refused = await upstream(client, "calls_total", result="circuit_open")
    sent = await upstream(client, "calls_total") - refused
    assert await upstream(client, "retries_total") <= sent * 0.1


async def test_nothing_is_repeated_or_sent_to_users_while_it_is_left_alone(
    client: httpx2.AsyncClient, users: LoopbackService
) -> None:
    order_id = await place(client)
    users.fails = lambda _number: True
    while await upstream(client, "breaker_state", state="open") == 0:
        assert await is_degraded(client, order_id)
    sent = len(users.requests)
    for _ in range(20):
        assert await is_degraded(client, order_id)
    assert len(users.requests) == sent


async def test_placing_an_order_asks_nothing_of_users(client: httpx2.AsyncClient, users: LoopbackService) -> None:
    await place(client)
    assert users.requests == []


async def test_a_page_takes_its_users_from_the_local_copy_in_one_call(
    client: httpx2.AsyncClient, users: LoopbackService
) -> None:
    for _ in range(3):
        await place(client)
    await users.stop()
    items = (await client.get("/orders")).raise_for_status().json()["items"]
    assert [(item["user"]["name"], item["degraded"]) for item in items] == [("Ada", True)] * 3
    assert await upstream(client, "calls_total") == 1
