"""Cancels work at each place where it waits, one place after the other."""

import asyncio
import gc
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from typing import Any, Literal

Place = tuple[str, ...]
Moment = Literal["while it waits", "as the wait ends"]
# So long without a place that is new, work has begun all that it does.
SETTLED_SECONDS = 2.0
# What has not come by then, as the next message of a broker, may not come at all.
LONGEST_WAIT_SECONDS = 0.3
# What a loop does anyway between its last task and its end.
LAST_STEPS = 5


async def cancelled_at_each_wait(
    work: Callable[[], Coroutine[Any, Any, None]], moment: Moment
) -> AsyncIterator[tuple[Place, list[object]]]:
    """Runs `work` again and again, and cancels it wherever it, or a task of its, waits in a place for the first time.

    Yields:
        Where it was cancelled, and what it left behind: tasks, and connections that are not closing.
    """
    loop = asyncio.get_running_loop()
    seen: set[Place] = set()
    before = _tasks_and_connections()
    while True:
        interruption = _Interruption(seen, moment)
        loop.set_task_factory(interruption.make_task)
        try:
            running = interruption.victim = loop.create_task(work())
            await asyncio.wait({running}, timeout=SETTLED_SECONDS)
            interruption.cancel()
            await asyncio.wait({running})
        finally:
            loop.set_task_factory(None)
        assert running.cancelled(), running
        for _ in range(LAST_STEPS):
            await asyncio.sleep(0)
        if interruption.place is None:
            return
        yield interruption.place, [one for one in _tasks_and_connections() if one not in before]


def _tasks_and_connections() -> list[object]:
    connections = [one for one in gc.get_objects() if isinstance(one, asyncio.Transport) and not one.is_closing()]
    return [*asyncio.all_tasks(), *connections]


class _Interruption:
    """Watches where the tasks of one run wait, and cancels the first of them at a place that is not yet `seen`."""

    def __init__(self, seen: set[Place], moment: Moment) -> None:
        self.victim: asyncio.Task[None] | None = None
        self.place: Place | None = None
        self._seen = seen
        self._moment = moment

    def make_task(self, loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        return asyncio.Task(_Watched(work, self._waits), loop=loop, **options)

    def cancel(self, *_: object) -> None:
        if self.victim is not None and not self.victim.cancelling():
            self.victim.cancel()

    def _waits(self, place: Place, awaited: asyncio.Future[Any] | None) -> None:
        if self.place is not None or place in self._seen or (self.victim is not None and self.victim.cancelling()):
            return
        self.place = place
        self._seen.add(place)
        loop = asyncio.get_running_loop()
        if self._moment == "while it waits" or awaited is None:
            loop.call_soon(self.cancel)
        else:
            awaited.add_done_callback(self.cancel)
            loop.call_later(LONGEST_WAIT_SECONDS, self.cancel)


class _Watched(Coroutine[Any, Any, Any]):
    """A coroutine that tells each time where it waits, and for what."""

    def __init__(
        self, inner: Coroutine[Any, Any, Any], waits: Callable[[Place, asyncio.Future[Any] | None], None]
    ) -> None:
        self._inner = inner
        self._waits = waits

    def send(self, value: Any) -> Any:
        awaited = self._inner.send(value)
        self._waits(_place(self._inner), awaited)
        return awaited

    def throw(self, *error: Any) -> Any:
        awaited = self._inner.throw(*error)
        self._waits(_place(self._inner), awaited)
        return awaited

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._inner.__await__()


def _place(work: object) -> Place:
    place = []
    while frame := getattr(work, "cr_frame", None) or getattr(work, "ag_frame", None):
        place.append(f"{frame.f_code.co_qualname}:{frame.f_lineno}")
        work = getattr(work, "cr_await", None) or getattr(work, "ag_await", None)
        if not inspect.iscoroutine(work):  # a step of an asynchronous generator keeps to itself which one it is of
            work = next(filter(inspect.isasyncgen, gc.get_referents(work)), None)
    return tuple(place)
