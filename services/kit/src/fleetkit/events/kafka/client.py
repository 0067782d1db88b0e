"""The life of one client of Kafka, so that none of its connections outlives it."""

import asyncio
from collections.abc import Callable, Coroutine

import structlog

from fleetkit.events.kafka.cluster import REQUEST_TIMEOUT_SECONDS

CLOSE_TIMEOUT_SECONDS = 2.0
# To connect to its first broker, to agree on versions with it, and to ask it for the others.
FIRST_BROKER_TIMEOUT_SECONDS = 3 * REQUEST_TIMEOUT_SECONDS
log = structlog.get_logger(__name__)
_closing: set[asyncio.Task[None]] = set()


class KafkaClient:
    """Starts a client, and stops it whatever came of the start.

    A client whose start is cut off while it asks its first broker loses that connection and leaves it open. A start
    that nobody waits for any longer is therefore let go on until it has ended or may be cut off.

    Args:
        start: connects the client.
        stop: closes it.
    """

    def __init__(
        self, start: Callable[[], Coroutine[object, object, None]], stop: Callable[[], Coroutine[object, object, None]]
    ) -> None:
        self._start = start
        self._stop = stop
        self._starting: asyncio.Task[None] | None = None
        self._past_first_broker = asyncio.Event()

    async def start(self) -> None:
        """Returns once the client has started.

        Raises:
            aiokafka.errors.KafkaError: the cluster is away.
        """
        self._starting = asyncio.create_task(self._start(), name="start of a Kafka client")
        self._starting.add_done_callback(self.past_first_broker)
        await asyncio.shield(self._starting)

    def past_first_broker(self, *_: object) -> None:
        """Says that the start may be cut off from now on."""
        self._past_first_broker.set()

    async def stop(self) -> None:
        """Waits a while for the client to close. A slow one goes on by itself: cut off, it would keep connections."""
        task = asyncio.create_task(self._end(), name="end of a Kafka client")
        _closing.add(task)
        task.add_done_callback(_closing.discard)
        try:
            await asyncio.wait({task}, timeout=CLOSE_TIMEOUT_SECONDS)
        except asyncio.CancelledError:
            await asyncio.wait({task}, timeout=CLOSE_TIMEOUT_SECONDS)
            raise
        if not task.done() or task.cancelled() or task.exception() is not None:
            log.info("Kafka client was not closed in order")

    async def _end(self) -> None:
        if self._starting is not None:
            await self._end_start(self._starting)
        await self._stop()

    async def _end_start(self, starting: asyncio.Task[None]) -> None:
        try:
            async with asyncio.timeout(FIRST_BROKER_TIMEOUT_SECONDS):
                await self._past_first_broker.wait()
        except TimeoutError:
            log.info("Kafka client was cut off while it started")
        starting.cancel()
        await asyncio.wait({starting})
