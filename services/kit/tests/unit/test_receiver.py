import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from fleetkit.database import Database
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.failures import Failure
from fleetkit.events.inbox import Inbox, Incoming, Receipt
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.receiver import CONCURRENT_TRANSACTIONS, PILE_UP_SECONDS, Receiver
from fleetkit.events.settlement import UnsettledError
from fleetkit.metrics import new_registry
from fleetkit.testing import eventually
from pydantic import BaseModel


class Nothing(BaseModel):
    pass


@dataclass
class Letter:
    """A delivery that notes what became of it."""

    name: str
    attempts: int = 0
    event_type: str = "thing.made"
    request_id: str | None = None
    broken: bool = False
    fate: list[Any] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        event = CloudEvent.new(source="/things", event_type="thing.made", subject=self.name, data=Nothing())
        return event.model_dump_json().encode()

    async def acknowledge(self) -> None:
        self.fate.append("acknowledged")

    async def retry(self, failure: Failure, delay_seconds: float) -> None:
        if self.broken:
            raise UnsettledError("gone")
        self.fate.append(("retry", delay_seconds, failure.attempts))

    async def park(self, failure: Failure) -> None:
        self.fate.append(("parked", failure.exception, failure.attempts))


class Desk(Inbox):
    """An inbox without a database: a test says when a transaction ends, and which events fail."""

    def __init__(self) -> None:
        super().__init__(cast(Database, None), "things", {})
        self.batches: list[list[str]] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.error: Exception | None = None

    async def receive_some(self, incoming: Sequence[Incoming]) -> list[Receipt]:
        names = [each.event.subject or "" for each in incoming]
        self.batches.append(names)
        if gate := self.gates.get(names[0]):
            await gate.wait()
            return [Receipt("applied")]
        if self.error:
            raise self.error
        return [Receipt("failed", KeyError("a")) if name == "bad" else Receipt("applied") for name in names]


def receiver(desk: Desk, *, retry_delays: Sequence[float] = (10.0, 60.0)) -> Receiver:
    return Receiver(desk, EventMetrics(new_registry()), retry_delays=retry_delays, on_outage=lambda: None)


async def settled(*letters: Letter) -> None:
    async def probe() -> bool:
        return all(letter.fate for letter in letters)

    await eventually(probe, within=5.0)


async def test_events_that_pile_up_are_applied_together() -> None:
    desk = Desk()
    desk.gates["first"] = asyncio.Event()
    letters = [Letter(name) for name in ("first", "second", "third", "fourth")]
    taking = receiver(desk)
    taking.put(letters[0])
    await asyncio.sleep(0)
    for letter in letters[1:]:
        taking.put(letter)
    await settled(*letters[1:])
    desk.gates["first"].set()
    await settled(letters[0])
    assert desk.batches == [["first"], ["second", "third", "fourth"]]


async def test_a_slow_event_holds_up_no_other() -> None:
    desk = Desk()
    desk.gates = {f"slow-{number}": asyncio.Event() for number in range(CONCURRENT_TRANSACTIONS - 1)}
    slow = [Letter(name) for name in desk.gates]
    quick = [Letter(f"quick-{number}") for number in range(20)]
    taking = receiver(desk)
    for letter in [*slow, *quick]:
        taking.put(letter)
        await asyncio.sleep(2 * PILE_UP_SECONDS if letter in slow else 0)
    await settled(*quick)
    for gate in desk.gates.values():
        gate.set()
    await settled(*slow)


async def test_an_event_that_fails_comes_again_later_each_time_until_it_is_parked() -> None:
    letters = [Letter("bad", attempts=attempts) for attempts in range(3)]
    taking = receiver(Desk())
    for letter in letters:
        taking.put(letter)
    await settled(*letters)
    assert [letter.fate for letter in letters] == [
        [("retry", 10.0, 1)],
        [("retry", 60.0, 2)],
        [("parked", "KeyError", 3)],
    ]


async def test_an_event_of_another_type_than_it_came_as_is_parked_at_once() -> None:
    letter = Letter("chair", event_type="thing.sold")
    receiver(Desk()).put(letter)
    await settled(letter)
    assert letter.fate == [("parked", "InvalidEventError", 1)]


async def test_whatever_a_transaction_fails_with_no_event_is_left_in_the_air() -> None:
    desk = Desk()
    desk.error = RuntimeError("never seen before")
    letters = [Letter("chair"), Letter("table")]
    taking = receiver(desk)
    for letter in letters:
        taking.put(letter)
    await settled(*letters)
    assert [letter.fate for letter in letters] == [[("retry", 10.0, 1)]] * 2


async def test_begins_nothing_more_once_it_is_drained() -> None:
    desk = Desk()
    desk.gates["first"] = asyncio.Event()
    first, second = Letter("first"), Letter("second")
    taking = receiver(desk)
    taking.put(first)
    await asyncio.sleep(0)
    taking.put(second)
    draining = asyncio.create_task(taking.drain(5.0))
    await asyncio.sleep(0)
    desk.gates["first"].set()
    await draining
    assert (first.fate, second.fate) == (["acknowledged"], [])
