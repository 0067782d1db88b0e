"""A constant rate of requests to the orders service, whatever became of those before, and what became of each.

Half of them come over connections that are kept, half over new ones; every fifth places an order with a key of its own.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from statistics import quantiles
from threading import Event, Thread
from typing import Final, Self
from uuid import uuid4

import aiohttp
import httpx2
from eventually import eventually
from sizes import REQUESTS_PER_SECOND

USERS_URL: Final = "http://localhost:8001"
ORDERS_URL: Final = "http://localhost:8002"
ORDER: Final = {"currency": "EUR", "items": [{"sku": "keyboard", "quantity": 1, "unit_price": 4900}]}
PLACES_ORDER: Final = (True, False, False, False, False)
"""Which requests do, over and over. They are odd in number, so that both ways of connecting place some."""

KEPT_SECONDS: Final = 3.0
"""A client gives an idle connection up before the server does: to cross with its end is no failure of the server."""

EFFECT_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Answer:
    """`at`: when it was asked for, by time.monotonic(). `order`: what was placed. `failure`: what came instead."""

    at: float
    seconds: float
    order: str | None = None
    failure: str | None = None


@dataclass(frozen=True)
class Shopper:
    """Somebody who has just registered."""

    headers: dict[str, str] = field(repr=False)

    @classmethod
    def register(cls) -> Self:
        email, password = f"shopper-{uuid4().hex}@example.com", "correct horse battery staple"
        login = {"grant_type": "password", "username": email, "password": password}
        with httpx2.Client(base_url=USERS_URL, timeout=10) as users:
            body = {"email": email, "name": "Shopper", "password": password}
            users.post("/users", json=body).raise_for_status()
            token = users.post("/auth/token", data=login).raise_for_status().json()["access_token"]
        return cls({"Authorization": f"Bearer {token}"})

    def orders(self) -> list[str]:
        """Every order of the shopper's, as the orders service lists them."""
        found, page = [], {"limit": "100"}
        with httpx2.Client(base_url=ORDERS_URL, headers=self.headers, timeout=10) as orders:
            while True:
                listed = orders.get("/orders", params=page).raise_for_status().json()
                found += [order["id"] for order in listed["items"]]
                if not listed["next_cursor"]:
                    return found
                page["cursor"] = listed["next_cursor"]

    def counted(self) -> int:
        """How many orders the users service has heard of, by events."""
        answer = httpx2.get(f"{USERS_URL}/users/me", headers=self.headers, timeout=10)
        return int(answer.raise_for_status().json()["order_count"])


@dataclass
class Traffic:
    """`rate`: requests a second. `retry_seconds`: how long until a failed one is sent again, once; None for never."""

    shopper: Shopper
    rate: int
    retry_seconds: float | None
    answers: list[Answer] = field(default_factory=list)
    _stop: Event = field(default_factory=Event)

    @property
    def failures(self) -> Counter[str]:
        return Counter(answer.failure for answer in self.answers if answer.failure)

    def failed_after(self, moment: float) -> list[Answer]:
        return [answer for answer in self.answers if answer.at > moment and answer.failure]

    def share_answered(self) -> float:
        return 1 - self.failures.total() / len(self.answers)

    def assert_every_order_counts_once(self) -> None:
        """What was acknowledged is there, nothing is there twice, and every event has had its effect once."""
        acknowledged = [answer.order for answer in self.answers if answer.order]
        assert len(set(acknowledged)) == len(acknowledged)
        listed = self.shopper.orders()
        assert set(acknowledged) <= set(listed)
        assert len(listed) - len(acknowledged) <= self.failures.total()

        def counted() -> None:
            assert self.shopper.counted() == len(listed)

        eventually(counted, EFFECT_SECONDS)

    def figures(self) -> str:
        """What a run has to show."""
        slowest = quantiles([answer.seconds for answer in self.answers], n=100)[-1]
        return f"{len(self.answers)} requests, {self.failures.total()} failed, p99 {slowest:.2f} s"

    def flow(self, seconds: float = 2.0) -> None:
        """Return once so many seconds' worth of requests more were answered."""
        enough = len(self.answers) + seconds * self.rate

        def is_enough() -> None:
            assert len(self.answers) >= enough

        eventually(is_enough, seconds + 20)

    def stop(self) -> None:
        self._stop.set()

    async def run(self) -> None:
        """Send until it is stopped, and wait for the last answers."""
        async with (
            _session(self.shopper, aiohttp.TCPConnector(limit=0, force_close=True)) as fresh,
            _session(self.shopper, aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_SECONDS)) as kept,
            asyncio.TaskGroup() as group,
        ):
            due = time.monotonic()
            for session, places_order in zip(cycle((fresh, kept)), cycle(PLACES_ORDER), strict=False):
                if self._stop.is_set():
                    return
                group.create_task(self._ask(session, places_order=places_order))
                due += 1 / self.rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _ask(self, session: aiohttp.ClientSession, *, places_order: bool) -> None:
        key = {"Idempotency-Key": uuid4().hex} if places_order else {}
        began = time.monotonic()
        order, failure = await _try(session, key)
        if failure and self.retry_seconds is not None:
            await asyncio.sleep(self.retry_seconds)
            order, failure = await _try(session, key)
        self.answers.append(Answer(began, time.monotonic() - began, order, failure))


@contextmanager
def traffic(*, rate: int = REQUESTS_PER_SECOND, retry_seconds: float | None = None) -> Iterator[Traffic]:
    """Requests, steady before and after what the context does to the cluster."""
    requests = Traffic(Shopper.register(), rate, retry_seconds)
    thread = Thread(target=lambda: asyncio.run(requests.run()))
    thread.start()
    try:
        requests.flow()
        yield requests
        requests.flow()
    finally:
        requests.stop()
        thread.join()


def _session(shopper: Shopper, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(total=10)
    return aiohttp.ClientSession(ORDERS_URL, connector=connector, headers=shopper.headers, timeout=timeout)


async def _try(session: aiohttp.ClientSession, key: dict[str, str]) -> tuple[str | None, str | None]:
    """The order that was placed, if one was asked for, and why the request failed, if it did."""
    try:
        if not key:
            async with session.get("/orders", params={"limit": 1}) as answer:
                return None, await _failure_of(answer)
        async with session.post("/orders", json=ORDER, headers=key) as answer:
            failure = await _failure_of(answer)
            return (None, failure) if failure else ((await answer.json())["id"], None)
    except (aiohttp.ClientError, TimeoutError) as error:
        return None, type(error).__name__


async def _failure_of(answer: aiohttp.ClientResponse) -> str | None:
    text = await answer.text()
    return None if answer.ok else f"{answer.status} {text[:200]}"
