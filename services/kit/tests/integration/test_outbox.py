import asyncio
from collections.abc import Callable

import pytest
from fleetkit.database import Database
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.outbox import MIN_UNROUTED_ATTEMPTS, OutboxMessage, append, backlog
from fleetkit.events.relay import (
    POLL_SECONDS,
    BrokerUnavailableError,
    EventRefusedError,
    EventUnroutedError,
    OutboxRelay,
)
from fleetkit.request_id import request_id_scope
from fleetkit.testing import eventually

from .support import made, outbox_size, working


class Broker:
    """A broker in memory that a test can make refuse or fail."""

    def __init__(self) -> None:
        self.published: list[OutboxMessage] = []
        self.answer: Callable[[OutboxMessage], Exception | None] = lambda _: None

    async def ready(self) -> None:
        return

    async def publish(self, message: OutboxMessage) -> None:
        await asyncio.sleep(0)
        if error := self.answer(message):
            raise error
        self.published.append(message)


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def relay(database: Database, broker: Broker, metrics: EventMetrics) -> OutboxRelay:
    return OutboxRelay(database, broker, metrics)


async def put(database: Database, *names: str) -> None:
    async with database.transaction() as connection:
        for name in names:
            await append(connection, made(name))


async def test_publishes_what_was_committed_and_forgets_it(
    database: Database, broker: Broker, relay: OutboxRelay
) -> None:
    with request_id_scope("request-1"):
        await put(database, "chair", "table")
    assert await relay.publish_batch() == 2
    assert [(message.type, message.request_id) for message in broker.published] == [("thing.made", "request-1")] * 2
    assert await outbox_size(database) == 0


async def test_publishes_nothing_of_a_transaction_that_failed(
    database: Database, broker: Broker, relay: OutboxRelay
) -> None:
    async def fail() -> None:
        async with database.transaction() as connection:
            await append(connection, made("chair"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await relay.publish_batch() == 0


async def test_keeps_what_was_not_confirmed(database: Database, broker: Broker, relay: OutboxRelay) -> None:
    await put(database, "chair", "table")
    broker.answer = lambda message: BrokerUnavailableError() if "table" in message.body else None
    with pytest.raises(BrokerUnavailableError):
        await relay.publish_batch()
    assert await outbox_size(database) == 1
    broker.answer = lambda _: None
    await relay.publish_batch()
    assert ["chair" in broker.published[0].body, "table" in broker.published[1].body] == [True, True]


async def test_a_refused_event_does_not_hold_up_the_others(
    database: Database, broker: Broker, relay: OutboxRelay
) -> None:
    await put(database, "chair", "table")
    broker.answer = lambda message: EventRefusedError("no queue") if "chair" in message.body else None
    await relay.publish_batch()
    assert await relay.publish_batch() == 0
    async with database.acquire() as connection:
        row = await connection.fetchrow("SELECT attempts, last_error, next_attempt_at > now() AS later FROM outbox")
    assert row is not None
    assert (row["attempts"], row["last_error"], row["later"]) == (1, "no queue", True)


async def test_two_relays_publish_each_event_once(database: Database, broker: Broker, metrics: EventMetrics) -> None:
    await put(database, *(f"thing-{number}" for number in range(250)))
    relays = [OutboxRelay(database, broker, metrics) for _ in range(2)]

    async def is_empty() -> bool:
        return await outbox_size(database) == 0

    async with working(*(relay.run for relay in relays)):
        await eventually(is_empty)
    assert len(broker.published) == len({message.id for message in broker.published}) == 250


async def test_a_commit_wakes_the_relay(database: Database, broker: Broker, relay: OutboxRelay) -> None:
    async def listens() -> bool:
        async with database.acquire() as connection:
            count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query ~* '^LISTEN'"
            return bool(await connection.fetchval(count))

    async def have_published(count: int) -> bool:
        return len(broker.published) == count

    async with working(relay.run):
        await eventually(listens)
        await put(database, "chair")
        await eventually(lambda: have_published(1))  # it has just looked, and would next look by itself in a second
        await put(database, "table")
        await eventually(lambda: have_published(2), within=POLL_SECONDS / 2)


async def test_measures_what_waits(database: Database, relay: OutboxRelay, metrics: EventMetrics) -> None:
    async with database.transaction() as connection:
        await append(connection, made("chair"))
        await connection.execute(
            "UPDATE outbox SET created_at = now() - interval '1 minute', next_attempt_at = 'infinity'"
        )

    async def is_measured() -> bool:
        (pending,) = (sample.value for metric in metrics.pending.collect() for sample in metric.samples)
        return bool(pending == 1.0)

    async with working(relay.run):
        await eventually(is_measured)
    (age,) = (sample.value for metric in metrics.oldest_age.collect() for sample in metric.samples)
    assert age >= 60.0


async def rewrite(database: Database, change: str) -> None:
    async with database.acquire() as connection:
        await connection.execute(f"UPDATE outbox SET {change}")  # noqa: S608 - the tests' own words


async def waiting(database: Database) -> list[tuple[bool, bool]]:
    """Of each event in the outbox, whether it counts as unrouted and whether it is due."""
    async with database.acquire() as connection:
        rows = await connection.fetch("SELECT unrouted, next_attempt_at <= now() AS due FROM outbox ORDER BY position")
    return [(row["unrouted"], row["due"]) for row in rows]


async def test_what_nobody_consumes_is_put_off_and_is_no_sign_of_an_outage(
    database: Database, broker: Broker, relay: OutboxRelay, metrics: EventMetrics
) -> None:
    await put(database, "chair")
    broker.answer = lambda _: EventUnroutedError("no queue")
    await relay.publish_batch()
    await rewrite(database, "created_at = now() - interval '1 hour'")
    assert await waiting(database) == [(True, False)]
    async with database.acquire() as connection:
        measured = await backlog(connection)
    assert (measured.pending, measured.oldest_age_seconds, measured.unrouted) == (0, 0.0, 1)


async def test_what_was_put_off_goes_out_once_somebody_consumes_its_type(
    database: Database, broker: Broker, relay: OutboxRelay
) -> None:
    await put(database, "chair", "table")
    broker.answer = lambda _: EventUnroutedError("no queue")
    await relay.publish_batch()
    broker.answer = lambda _: None
    await put(database, "stool")
    assert await relay.publish_batch() == 1
    assert await waiting(database) == [(False, True)] * 2
    assert await relay.publish_batch() == 2


async def test_of_a_type_that_nobody_consumes_one_event_tells_for_all_that_are_due(
    database: Database, broker: Broker, relay: OutboxRelay
) -> None:
    asked: list[str] = []

    def nobody_wants(message: OutboxMessage) -> Exception:
        asked.append(message.id)
        return EventUnroutedError("no queue")

    broker.answer = nobody_wants
    await put(database, "chair", "table")
    await relay.publish_batch()
    await put(database, "stool", "bench", "shelf")
    await relay.publish_batch()
    assert len(asked) == 3, "two that were not known to be unwanted, and one"
    assert await waiting(database) == [(True, False)] * 5
    await rewrite(database, "next_attempt_at = now()")
    await relay.publish_batch()
    assert len(asked) == 4
    broker.answer = lambda _: None
    await rewrite(database, "next_attempt_at = now()")
    await relay.publish_batch()
    await relay.publish_batch()
    assert await outbox_size(database) == 0


async def test_what_nobody_consumes_is_dropped_after_the_hours_that_are_set(
    database: Database, broker: Broker, metrics: EventMetrics
) -> None:
    relay = OutboxRelay(database, broker, metrics, unrouted_hours=2)
    broker.answer = lambda _: EventUnroutedError("no queue")
    await put(database, "chair")
    await rewrite(database, f"attempts = {MIN_UNROUTED_ATTEMPTS}, created_at = now() - interval '119 minutes'")
    await relay.publish_batch()
    assert await outbox_size(database) == 1
    await rewrite(database, "next_attempt_at = now(), created_at = now() - interval '121 minutes'")
    await relay.publish_batch()
    assert await outbox_size(database) == 0
    dropped = metrics.published.labels("thing.made", "dropped")
    assert [sample.value for metric in dropped.collect() for sample in metric.samples if "total" in sample.name] == [1]


async def test_an_old_event_is_not_dropped_at_the_first_attempt_after_an_outage(
    database: Database, broker: Broker, relay: OutboxRelay
) -> None:
    await put(database, "chair")
    await rewrite(database, "created_at = now() - interval '7 days'")
    broker.answer = lambda _: EventUnroutedError("no queue")
    await relay.publish_batch()
    assert await outbox_size(database) == 1
