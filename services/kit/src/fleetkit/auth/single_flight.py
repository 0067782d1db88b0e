"""Work that many wait for and that is done once."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

Clock = Callable[[], float]


class SingleFlight:
    """Runs one piece of work at a time for all who want it, and not again before a pause is over.

    Args:
        work: stores what comes of it, failures included; it must not raise.
        pause: seconds from the end of one run to the begin of the next.
        clock: seconds that never go back.
    """

    def __init__(
        self, work: Callable[[], Awaitable[None]], pause: Callable[[], float], clock: Clock = monotonic
    ) -> None:
        self._work = work
        self._pause = pause
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._not_before = clock()

    def begin(self) -> None:
        """Starts the work in the background, unless it is running or the pause is not over."""
        if self._task is None and self._clock() >= self._not_before:
            self._task = asyncio.create_task(self._run())

    async def finish(self) -> None:
        """Starts the work likewise, and waits for its end; returns at once where nothing is running.

        A waiter that is cancelled does not cancel the work of the others.
        """
        self.begin()
        if self._task is not None:
            await asyncio.shield(self._task)

    async def aclose(self) -> None:
        """Cancels what is running."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        try:
            await self._work()
        finally:
            self._task = None
            self._not_before = self._clock() + self._pause()
