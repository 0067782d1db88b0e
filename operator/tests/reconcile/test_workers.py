"""Workers do with the outcome of a pass what it says, and outlive a pass that breaks."""

import asyncio
from collections.abc import Callable

import pytest
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.errors import (
    ApiUnavailableError,
    DependencyMissingError,
    InvalidSpecError,
    NotOwnedError,
    ReconcileError,
)
from fastapi_fleet.kube.kinds import ObjectKey
from fastapi_fleet.reconcile.outcome import DONE, WAIT_SECONDS, Outcome, outcome_of
from fastapi_fleet.reconcile.queue import WorkQueue
from fastapi_fleet.reconcile.workers import Workers
from support.time import ManualTime
from support.waiting import until

KEY = ObjectKey("FastAPIService", "team", "shop")
OTHER = ObjectKey("FastAPIService", "team", "other")


class ScriptedPass:
    """Ends as told, once for each key in turn."""

    def __init__(self, *ends: Outcome | Exception) -> None:
        self.keys: list[ObjectKey] = []
        self._ends = list(ends)

    async def reconcile(self, key: ObjectKey) -> Outcome:
        self.keys.append(key)
        end = self._ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end


def make_queue() -> tuple[WorkQueue, ManualTime]:
    time = ManualTime()
    return WorkQueue(call_later=time.call_later, random=lambda: 0.0, clock=time.clock), time


FOLLOW_UPS: dict[str, tuple[Outcome | Exception, list[float]]] = {
    "done": (DONE, []),
    "again later": (Outcome("success", again_after=60), [60]),
    "waiting": (Outcome("waiting", again_after=WAIT_SECONDS), [WAIT_SECONDS]),
    "retry": (Outcome("error", retry=True), [1]),
    "error that is retried": (ApiUnavailableError("no answer"), [1]),
    "error of who wants to be left alone": (ApiUnavailableError("too many", retry_after=7.0), [7]),
    "error of who wants to be left alone for less than the backoff": (ApiUnavailableError("a", retry_after=0.5), [1]),
    "error of who wants to be left alone for ever": (ApiUnavailableError("a", retry_after=1e9), [300]),
    "error that waits": (NotOwnedError("theirs"), [WAIT_SECONDS]),
    "error that gives up": (InvalidSpecError("spec.port", "too big"), []),
    "defect": (ZeroDivisionError(), [1]),
}


@pytest.mark.parametrize(("end", "pending"), FOLLOW_UPS.values(), ids=FOLLOW_UPS.keys())
async def test_outcome_is_followed_up(end: Outcome | Exception, pending: list[float]) -> None:
    queue, time = make_queue()
    await Workers(queue, {KEY.kind: ScriptedPass(end)}).work_on(KEY)
    assert time.pending == pending


async def test_key_of_a_kind_without_a_pass_is_a_defect_that_ends_no_worker() -> None:
    queue, time = make_queue()
    await Workers(queue, {}).work_on(KEY)
    assert time.pending == [1]


async def test_success_ends_the_backoff() -> None:
    queue, time = make_queue()
    failure = ApiUnavailableError("no answer")
    workers = Workers(queue, {KEY.kind: ScriptedPass(failure, failure, DONE, failure)})
    for expected in ([1], [1], [], [1]):
        await workers.work_on(KEY)
        assert time.pending == expected


OUTCOMES: list[tuple[ReconcileError, Outcome]] = [
    (ApiUnavailableError("x"), Outcome("error", retry=True)),
    (ApiUnavailableError("x", retry_after=5.0), Outcome("error", retry=True, again_after=5.0)),
    (NotOwnedError("x"), Outcome("waiting", again_after=WAIT_SECONDS)),
    (DependencyMissingError(Reason.SECRET_MISSING, "x"), Outcome("waiting", again_after=WAIT_SECONDS)),
    (InvalidSpecError("spec", "x"), Outcome("invalid")),
]


@pytest.mark.parametrize(("problem", "outcome"), OUTCOMES, ids=lambda value: type(value).__name__)
def test_type_of_an_error_says_what_happens_next(problem: ReconcileError, outcome: Outcome) -> None:
    assert outcome_of(problem) == outcome


async def run_until(workers: Workers, count: int, is_over: Callable[[], bool]) -> None:
    running = asyncio.create_task(workers.run(count))
    try:
        await until(is_over)
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_worker_goes_on_after_a_pass_that_broke() -> None:
    queue, _ = make_queue()
    scripted = ScriptedPass(ZeroDivisionError(), DONE)
    queue.add(KEY)
    queue.add(OTHER)
    await run_until(Workers(queue, {KEY.kind: scripted}), 1, lambda: len(scripted.keys) == 2)
    assert scripted.keys == [KEY, OTHER]


class GatedPass:
    """Counts the passes that are under way, each held until the gate opens."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.under_way: list[ObjectKey] = []
        self.ended = 0

    async def reconcile(self, key: ObjectKey) -> Outcome:
        self.under_way.append(key)
        await self.gate.wait()
        self.under_way.remove(key)
        self.ended += 1
        return DONE


async def test_keys_are_worked_on_side_by_side_but_never_the_same_one() -> None:
    queue, _ = make_queue()
    gated = GatedPass()
    queue.add(KEY)
    queue.add(OTHER)

    def both_are_under_way() -> bool:
        queue.add(KEY)
        assert gated.under_way.count(KEY) <= 1
        return set(gated.under_way) == {KEY, OTHER}

    await run_until(Workers(queue, {KEY.kind: gated}), 4, both_are_under_way)


async def test_key_that_was_added_during_its_pass_gets_another() -> None:
    queue, _ = make_queue()
    gated = GatedPass()
    queue.add(KEY)

    def two_have_ended() -> bool:
        if gated.under_way and not gated.gate.is_set():
            queue.add(KEY)
            gated.gate.set()
        return gated.ended == 2

    await run_until(Workers(queue, {KEY.kind: gated}), 2, two_have_ended)


async def test_worker_that_is_cancelled_gives_its_key_back() -> None:
    queue, _ = make_queue()
    gated = GatedPass()
    queue.add(KEY)
    await run_until(Workers(queue, {KEY.kind: gated}), 1, lambda: gated.under_way == [KEY])
    queue.add(KEY)
    assert await queue.get() == KEY
