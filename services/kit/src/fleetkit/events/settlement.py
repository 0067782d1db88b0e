"""What is told to the broker about an event in hand: that it is done, comes again, or is to be parked."""

from collections.abc import Sequence
from typing import Protocol

import structlog

from fleetkit.events.cloudevents import CloudEvent, InvalidEventError
from fleetkit.events.failures import Failure
from fleetkit.events.inbox import Incoming, Receipt
from fleetkit.events.metrics import EventMetrics
from fleetkit.request_id import request_id_scope

log = structlog.get_logger(__name__)


class UnsettledError(Exception):
    """The broker could not be told what came of an event; it will bring it again."""


class Delivery(Protocol):
    """An event in hand. One of the three methods ends it; each raises `UnsettledError` where the broker is away."""

    @property
    def event_type(self) -> str:
        """What it was sent as."""

    @property
    def body(self) -> bytes:
        """The CloudEvent, if it is one."""

    @property
    def attempts(self) -> int:
        """How often it has failed before."""

    @property
    def request_id(self) -> str | None:
        """The request that led to it."""

    async def acknowledge(self) -> None:
        """The event has had its effect."""

    async def retry(self, failure: Failure, delay_seconds: float) -> None:
        """It comes again after the delay, and holds up nothing until then."""

    async def park(self, failure: Failure) -> None:
        """It is kept apart, with the reason, until somebody replays it."""


class Settlement:
    """Ends deliveries by what came of their events, and counts them.

    Args:
        metrics: the figures of the application.
        retry_delays: seconds before each further attempt; after the last one an event is parked.
    """

    def __init__(self, metrics: EventMetrics, retry_delays: Sequence[float]) -> None:
        self._metrics = metrics
        self._retry_delays = tuple(retry_delays)

    async def settle(self, delivery: Delivery, receipt: Receipt) -> None:
        """Ends a delivery; where the broker is away it stays as it is, and comes again."""
        try:
            result = await self._tell(delivery, receipt)
        except UnsettledError as error:
            result = "unsettled"
            with request_id_scope(delivery.request_id):
                log.info("Event could not be settled and will come again", reason=str(error))
        self._metrics.consumed.labels(delivery.event_type, result).inc()

    async def _tell(self, delivery: Delivery, receipt: Receipt) -> str:
        if receipt.error is None:
            await delivery.acknowledge()
            return receipt.state
        with request_id_scope(delivery.request_id):
            return await self._tell_of_failure(delivery, receipt.error)

    async def _tell_of_failure(self, delivery: Delivery, error: Exception) -> str:
        failure = Failure.of(error, event_type=delivery.event_type, attempts=delivery.attempts + 1)
        if isinstance(error, InvalidEventError) or delivery.attempts >= len(self._retry_delays):
            log.error("Event was parked", type=failure.event_type, reason=failure.reason, exc_info=_traceback(error))
            await delivery.park(failure)
            return "parked"
        delay = self._retry_delays[delivery.attempts]
        log.warning("Event failed and comes again", type=failure.event_type, after=delay, exc_info=error)
        await delivery.retry(failure, delay)
        return "failed"


def read(delivery: Delivery) -> Incoming:
    """Reads the event of a delivery.

    Raises:
        InvalidEventError: it is none, or not of the type as which it was sent.
    """
    event = CloudEvent.parse(delivery.body)
    if event.type != delivery.event_type:
        raise InvalidEventError(f"type: came as {delivery.event_type}")
    return Incoming(event, delivery.request_id)


def _traceback(error: Exception) -> Exception | None:
    """An event that cannot be understood is nobody's bug here."""
    return None if isinstance(error, InvalidEventError) else error
