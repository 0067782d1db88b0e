"""What sessions with either broker have in common: they are begun again whenever they end, with nobody waiting."""

import asyncio
from abc import ABC, abstractmethod

import stamina

from fleetkit.events.metrics import EventMetrics

RECONNECT_PAUSE_SECONDS = 0.2


class BrokerSession(ABC):
    """Keeps a connection, and what a subclass sets up on it, for as long as `run` runs.

    Args:
        name: the connection's name at the broker and in metrics.
        metrics: where it shows whether the session is connected.
        away: errors of a broker that is away or answers wrongly: the session is begun again after a pause.
    """

    def __init__(self, name: str, metrics: EventMetrics, *, away: tuple[type[Exception], ...]) -> None:
        self._name = name
        self._away = away
        self._connected = metrics.connected.labels(name)
        self._lost = asyncio.Event()

    async def run(self) -> None:
        """Connects, and connects again whenever the session ends, until cancelled."""
        while True:
            async for attempt in stamina.retry_context(
                on=self._away, attempts=None, timeout=None, wait_initial=0.2, wait_max=5.0, wait_jitter=0.5
            ):
                with attempt:
                    await self.wait_until_useful()
                    self._lost.clear()
                    await self.live_once()
            await asyncio.sleep(RECONNECT_PAUSE_SECONDS)

    @abstractmethod
    async def wait_until_useful(self) -> None:
        """Returns once there is a use for a connection."""

    @abstractmethod
    async def live_once(self) -> None:
        """Connects, sets up, and stays until the session is lost."""

    @abstractmethod
    async def tear_down(self) -> None:
        """Ends what was set up, while the connection may still be open."""

    def lose(self, *_: object) -> None:
        """Ends the present session, so that a new one is made."""
        self._lost.set()
