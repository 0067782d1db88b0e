"""A service's side of events as a process of its own, as a pod would be."""

import asyncio
import multiprocessing
import resource
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

import uvloop


class Counter:
    """What has arrived: how much of it as the parent sees it at any time, and when each event did."""

    def __init__(self) -> None:
        self.count = multiprocessing.get_context("spawn").Value("L", 0)
        self.times: dict[str, float] = {}

    def note(self, ids: Sequence[str]) -> None:
        """These have had their effect by now."""
        now = time.time()
        self.times.update(dict.fromkeys(ids, now))
        self.count.value += len(ids)


@dataclass(frozen=True)
class Result:
    """`cpu_seconds`: of the process from its readiness to its end. `times`: of arrival, by event id."""

    cpu_seconds: float
    times: dict[str, float]


class Running:
    """A process that serves until it is stopped."""

    def __init__(self, pipe: Pipe, counter: Counter) -> None:
        self._pipe = pipe
        self._counter = counter

    @property
    def count(self) -> int:
        """How many events have had their effect so far."""
        return int(self._counter.count.value)

    def stop(self) -> Result:
        """Ends it."""
        self._pipe.send(None)
        result: Result = self._pipe.recv()
        return result


@contextmanager
def running(serve: Callable[..., Awaitable[None]], *arguments: object) -> Iterator[Running]:
    """Runs `serve(counter, *arguments)` in a new process; it serves until it is cancelled."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    counter = Counter()
    process = context.Process(target=_main, args=(theirs, counter, serve, arguments), daemon=True)
    process.start()
    try:
        yield Running(ours, counter)
    finally:
        process.join(timeout=15)
        process.kill()


def _main(pipe: Pipe, counter: Counter, serve: Callable[..., Awaitable[None]], arguments: tuple[object, ...]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(pipe, counter, serve, arguments))


async def _serve(
    pipe: Pipe, counter: Counter, serve: Callable[..., Awaitable[None]], arguments: tuple[object, ...]
) -> None:
    before = _cpu_seconds()
    task = asyncio.ensure_future(serve(counter, *arguments))
    stopped = asyncio.ensure_future(asyncio.to_thread(pipe.recv))
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    await asyncio.wait({task})
    pipe.send(Result(_cpu_seconds() - before, counter.times))


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
