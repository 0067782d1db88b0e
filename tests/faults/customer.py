"""A user who orders at a steady rate, and what became of each order."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID, uuid4

import httpx2
from fleetkit.testing import eventually
from fleetkit.testing.tokens import user_headers
from two_services import Fleet

ITEM = {"sku": "keyboard", "quantity": 1, "unit_price": 4900}
_PLACED = "SELECT id FROM orders WHERE user_id = $1"
_CONFIRMED = "SELECT id FROM orders WHERE user_id = $1 AND state = 'confirmed'"
_COUNTED = "SELECT orders FROM order_counts WHERE user_id = $1"


@dataclass(frozen=True)
class Attempt:
    """An order that was placed, or why it was not.

    Attributes:
        at: when it was sent, by the event loop's clock.
        seconds: until its answer.
        order: None where it was not placed.
        failure: the code of the problem, or the name of the error, that came instead.
        detail: what the problem said.
        retry_after: what the answer said of when to try again.
    """

    at: float
    seconds: float
    order: UUID | None = None
    failure: str | None = None
    detail: str | None = None
    retry_after: str | None = None


@dataclass
class Customer:
    """Somebody whose orders are counted."""

    fleet: Fleet
    user_id: UUID
    headers: Mapping[str, str] = field(repr=False)
    attempts: list[Attempt] = field(default_factory=list)

    @classmethod
    async def register(cls, fleet: Fleet) -> Self:
        """A user whom both services know."""
        body = {"email": f"{uuid4().hex}@example.com", "name": "Ada"}
        user = (await fleet.users.client.post("/users", json=body)).raise_for_status().json()
        return cls(fleet, UUID(user["id"]), user_headers(user["id"]))

    @property
    def failures(self) -> Counter[tuple[str, str | None]]:
        """What came instead of an order, with its detail, and how often."""
        return Counter((attempt.failure, attempt.detail) for attempt in self.attempts if attempt.failure is not None)

    def refusals(self) -> set[str]:
        """What came instead of orders."""
        return {attempt.failure for attempt in self.attempts if attempt.failure is not None}

    def failed_after(self, moment: float) -> list[Attempt]:
        """The orders that were sent after `moment`, by the event loop's clock, and not placed."""
        return [attempt for attempt in self.attempts if attempt.at > moment and attempt.failure]

    def slowest(self) -> float:
        """The seconds that the slowest answer took."""
        return max(attempt.seconds for attempt in self.attempts)

    @asynccontextmanager
    async def ordering(self, *, per_second: float) -> AsyncIterator[None]:
        """Places orders at this rate, whatever becomes of those before; at the end waits for all answers."""
        async with asyncio.TaskGroup() as group:
            pacing = group.create_task(self._order_forever(group, 1 / per_second))
            yield
            pacing.cancel()

    async def has_ordered_more(self, orders: int = 10) -> None:
        """Returns once so many more orders have been answered."""
        enough = len(self.attempts) + orders

        async def is_enough() -> bool:
            return len(self.attempts) >= enough

        await eventually(is_enough)

    async def order(self) -> Attempt:
        """Places one order."""
        clock = asyncio.get_running_loop().time
        began = clock()
        body = {"currency": "EUR", "items": [ITEM]}
        try:
            answer = await self.fleet.orders.client.post("/orders", json=body, headers=dict(self.headers))
        except httpx2.TransportError as error:
            attempt = Attempt(began, clock() - began, failure=type(error).__name__)
        else:
            attempt = _attempt_of(answer, began, clock() - began)
        self.attempts.append(attempt)
        return attempt

    async def nothing_is_lost(self) -> bool:
        """Whether each order that was placed is there, confirmed by the inventory, and counted once."""
        acknowledged = {attempt.order for attempt in self.attempts if attempt.order}
        confirmed = await self.fleet.orders.rows(_CONFIRMED, self.user_id)
        placed = {order for (order,) in await self.fleet.orders.rows(_PLACED, self.user_id)}
        return acknowledged <= placed and len(confirmed) == len(placed) == await self.counted()

    async def counted(self) -> int:
        """How many orders users has counted."""
        return sum(int(orders) for (orders,) in await self.fleet.users.rows(_COUNTED, self.user_id))

    async def _order_forever(self, group: asyncio.TaskGroup, pause: float) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            group.create_task(self.order())
            due += pause
            await asyncio.sleep(max(0.0, due - loop.time()))


def _attempt_of(answer: httpx2.Response, began: float, seconds: float) -> Attempt:
    if answer.status_code == httpx2.codes.CREATED:
        return Attempt(began, seconds, order=UUID(answer.json()["id"]))
    problem = answer.json()
    return Attempt(
        began,
        seconds,
        failure=problem["code"],
        detail=problem.get("detail"),
        retry_after=answer.headers.get("retry-after"),
    )
