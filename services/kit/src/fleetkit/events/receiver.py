"""Takes events from whatever broker into the inbox: several in a transaction where they come fast."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

import stamina
import structlog

from fleetkit.database import DatabaseUnavailableError
from fleetkit.events.cloudevents import InvalidEventError
from fleetkit.events.inbox import MAX_EVENTS, Inbox, Incoming, Receipt
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.settlement import Delivery, Settlement, read

# Each holds a connection of the pool, which requests need as well.
CONCURRENT_TRANSACTIONS = 4
# Under load a transaction takes what has piled up during the one before it; another is begun where that lasts longer.
# The longer, the more events share the cost of a transaction, and the longer a slow one holds up the others.
PILE_UP_SECONDS = 0.02
# A broker gives up on a consumer that has not acknowledged an event for too long: RabbitMQ after 30 minutes.
PATIENCE_SECONDS = 600.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Readable:
    delivery: Delivery
    incoming: Incoming


class Receiver:
    """Applies deliveries and settles them.

    Args:
        inbox: what applies the events.
        metrics: the figures of the application.
        retry_delays: seconds before each further attempt; after the last one an event is parked.
        on_outage: called where the database has been away for longer than `patience`. What is in hand then is not
            settled, so that an outage costs no event one of its attempts.
        patience: seconds.
    """

    def __init__(
        self,
        inbox: Inbox,
        metrics: EventMetrics,
        *,
        retry_delays: Sequence[float],
        on_outage: Callable[[], None],
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._inbox = inbox
        self._settlement = Settlement(metrics, retry_delays)
        self._on_outage = on_outage
        self._patience = patience
        self._waiting: deque[_Readable] = deque()
        self._pile_up: asyncio.TimerHandle | None = None
        self._draining = False
        self._working: set[asyncio.Task[None]] = set()
        self._settling: set[asyncio.Task[None]] = set()

    def put(self, delivery: Delivery) -> None:
        """Takes a delivery; what comes of it is told to the delivery itself."""
        try:
            self._waiting.append(_Readable(delivery, read(delivery)))
        except InvalidEventError as error:
            self._fail(delivery, error)
            return
        if not self._working:
            _begin(self._work(), self._working)
        elif self._pile_up is None:
            self._pile_up = asyncio.get_running_loop().call_later(PILE_UP_SECONDS, self._after_pile_up)

    async def drain(self, timeout_seconds: float) -> None:
        """Begins nothing more and lets what is in hand finish; the broker brings the rest again."""
        self._draining = True
        self._waiting.clear()
        deadline = time.monotonic() + timeout_seconds
        for tasks in (self._working, self._settling):
            if tasks:
                await asyncio.wait(tasks, timeout=max(0.0, deadline - time.monotonic()))
        self._draining = False

    def _after_pile_up(self) -> None:
        self._pile_up = None
        self._begin_another()

    def _begin_another(self) -> None:
        if self._waiting and len(self._working) < CONCURRENT_TRANSACTIONS:
            _begin(self._work(), self._working)

    async def _work(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_EVENTS))]
            try:
                receipts = await self._apply([each.incoming for each in batch])
            except Exception as error:  # noqa: BLE001 - whatever it is, no event is left in the air
                await self._give_up(batch, error)
                continue
            if (rest := batch[len(receipts) :]) and not self._draining:
                self._waiting.extendleft(reversed(rest))
                self._begin_another()  # these are slow
            for each, receipt in zip(batch, receipts, strict=False):
                await self._conclude(each.delivery, receipt)

    async def _apply(self, incoming: Sequence[Incoming]) -> list[Receipt]:
        async for attempt in stamina.retry_context(
            on=DatabaseUnavailableError, attempts=None, timeout=self._patience, wait_max=5.0
        ):
            with attempt:
                return await self._inbox.receive_some(incoming)
        raise AssertionError  # the retry loop either returns or raises

    async def _give_up(self, readable: Sequence[_Readable], error: Exception) -> None:
        if isinstance(error, DatabaseUnavailableError) and not await self._inbox.is_available():
            log.warning("Consuming pauses until the database is back", events=len(readable))
            self._on_outage()
            return
        for each in readable:
            self._fail(each.delivery, error)

    async def _conclude(self, delivery: Delivery, receipt: Receipt) -> None:
        if receipt.error is None:
            await self._settlement.settle(delivery, receipt)
        else:
            self._fail(delivery, receipt.error)

    def _fail(self, delivery: Delivery, error: Exception) -> None:
        # Sending on what failed can take long, where a broker takes nothing: the others need not wait for it.
        _begin(self._settlement.settle(delivery, Receipt("failed", error)), self._settling)


def _begin(work: Coroutine[None, None, None], tasks: set[asyncio.Task[None]]) -> None:
    # A task of its own: a client library cancels those that it made when its connection breaks.
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
