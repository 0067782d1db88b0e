"""Work queue of keys: coalescing, per-key exclusion, three lanes, delays and backoff with jitter."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from fastapi_fleet.kube.kinds import ObjectKey


class Lane(IntEnum):
    """Which work goes first: deletions are never starved by changes, nor changes by the periodic resync."""

    DELETION = 0
    CHANGE = 1
    RESYNC = 2


@dataclass(frozen=True)
class Backoff:
    """Delay after the n-th failure in a row: doubles from `first` to `most` seconds, a random half of it taken off."""

    first: float = 1.0
    most: float = 300.0

    def delay(self, failures: int, random: float) -> float:
        """Seconds to wait. `failures` counts from 1; `random` is uniform in [0, 1)."""
        ceiling = min(self.most, self.first * 2.0 ** min(failures - 1, 32))
        return ceiling * (1 - random / 2)


class Timer(Protocol):
    def cancel(self) -> None: ...


CallLater = Callable[[float, Callable[[], None]], Timer]


class WorkQueue:
    """Keys that want a pass.

    A key that is added while it waits is one piece of work; one added while it is worked on comes again afterwards;
    no key is ever worked on twice at once.
    """

    def __init__(
        self,
        *,
        call_later: CallLater,
        random: Callable[[], float],
        clock: Callable[[], float],
        backoff: Backoff = Backoff(),
    ) -> None:
        self._call_later = call_later
        self._random = random
        self._clock = clock
        self._backoff = backoff
        self._lanes: dict[Lane, deque[ObjectKey]] = {lane: deque() for lane in Lane}
        self._waiting: dict[ObjectKey, tuple[Lane, float]] = {}
        self._processing: set[ObjectKey] = set()
        self._failures: dict[ObjectKey, int] = {}
        self._timers: dict[ObjectKey, tuple[float, Timer]] = {}
        self._work_arrived = asyncio.Event()
        self._moved_at: float | None = None

    def add(self, key: ObjectKey, lane: Lane = Lane.CHANGE) -> None:
        """Ask for a pass as soon as a worker is free. A better lane replaces the one that the key waits in."""
        known = self._waiting.get(key)
        if known is not None and known[0] <= lane:
            return
        self._waiting[key] = (lane, known[1] if known else self._clock())
        if key not in self._processing:
            self._offer(key, lane)

    def add_after(self, key: ObjectKey, seconds: float, lane: Lane = Lane.RESYNC) -> None:
        """Ask for a pass after a while. The earliest of several such wishes counts."""
        due = self._clock() + seconds
        known = self._timers.get(key)
        if known is not None:
            if known[0] <= due:
                return
            known[1].cancel()
        self._timers[key] = (due, self._call_later(seconds, lambda: self._due(key, lane)))

    def retry(self, key: ObjectKey, at_least: float = 0.0) -> float:
        """Ask for a pass after a failure: later with each failure in a row. Returns the delay in seconds."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        delay = max(self._backoff.delay(failures, self._random()), min(at_least, self._backoff.most))
        self.add_after(key, delay, Lane.CHANGE)
        return delay

    def succeeded(self, key: ObjectKey) -> None:
        """The failures of the key are history: the next one starts the backoff anew."""
        self._failures.pop(key, None)
        self._cancel_timer(key)

    async def get(self) -> ObjectKey:
        """The next key, to be given back with `done`. Waits for one."""
        if self._moved_at is None:
            self._moved_at = self._clock()
        while True:
            for lane, keys in self._lanes.items():
                while keys:
                    key = keys.popleft()
                    if self._is_current(key, lane):
                        del self._waiting[key]
                        self._processing.add(key)
                        self._moved_at = self._clock()
                        return key
            self._work_arrived.clear()
            await self._work_arrived.wait()

    def done(self, key: ObjectKey) -> None:
        """The pass over the key has ended, however it ended."""
        self._processing.discard(key)
        self._moved_at = self._clock()
        known = self._waiting.get(key)
        if known is not None:
            self._offer(key, known[0])

    @property
    def depth(self) -> int:
        """Keys that wait for a worker."""
        return len(self._waiting)

    @property
    def oldest_age(self) -> float:
        """Seconds that the longest waiting key has waited."""
        return max((self._clock() - since for _, since in self._waiting.values()), default=0.0)

    @property
    def stuck_for(self) -> float:
        """Seconds for which keys have waited while no worker took or gave back any. A long queue that moves is none.

        Nothing is stuck before a worker has asked for work: a replica that does not lead only gathers keys.
        """
        return 0.0 if self._moved_at is None else min(self.oldest_age, self._clock() - self._moved_at)

    def _offer(self, key: ObjectKey, lane: Lane) -> None:
        self._lanes[lane].append(key)
        self._work_arrived.set()

    def _is_current(self, key: ObjectKey, lane: Lane) -> bool:
        known = self._waiting.get(key)
        return known is not None and known[0] == lane and key not in self._processing

    def _due(self, key: ObjectKey, lane: Lane) -> None:
        self._timers.pop(key, None)
        self.add(key, lane)

    def _cancel_timer(self, key: ObjectKey) -> None:
        known = self._timers.pop(key, None)
        if known is not None:
            known[1].cancel()
