from collections.abc import Sequence

import asyncpg
import pytest
from fleetkit.database import Connection, Database
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.inbox import SLICE_SECONDS, Inbox, Incoming, Receipt
from fleetkit.request_id import current_request_id

from .support import effects, made, write_effect


async def receive_all(inbox: Inbox, incoming: Sequence[Incoming]) -> list[Receipt]:
    receipts: list[Receipt] = []
    while rest := incoming[len(receipts) :]:
        receipts += await inbox.receive_some(rest)
    return receipts


async def test_an_event_that_comes_twice_has_one_effect(database: Database) -> None:
    inbox = Inbox(database, "things", {"thing.made": write_effect})
    event = made("chair")
    assert [await inbox.receive(event), await inbox.receive(event)] == [True, False]
    assert await effects(database) == ["chair"]


async def test_an_event_whose_handler_failed_can_come_again(database: Database) -> None:
    failures = [RuntimeError("the first time")]

    async def fail_once(connection: Connection, event: CloudEvent) -> None:
        await write_effect(connection, event)
        if failures:
            raise failures.pop()

    inbox = Inbox(database, "things", {"thing.made": fail_once})
    event = made("chair")
    with pytest.raises(RuntimeError):
        await inbox.receive(event)
    assert await effects(database) == []
    assert await inbox.receive(event)
    assert await effects(database) == ["chair"]


async def test_two_consumers_of_one_database_get_an_event_once_each(database: Database) -> None:
    event = made("chair")
    for consumer in ("first", "second"):
        assert await Inbox(database, consumer, {"thing.made": write_effect}).receive(event)
    assert await effects(database) == ["chair", "chair"]


async def test_one_of_several_events_that_fails_takes_no_other_with_it(database: Database) -> None:
    async def fail_for_chairs(connection: Connection, event: CloudEvent) -> None:
        await write_effect(connection, event)
        if event.subject == "chair":
            await connection.execute("SELECT 1 / 0")

    inbox = Inbox(database, "things", {"thing.made": fail_for_chairs})
    chair, table, stool = (Incoming(made(name)) for name in ("chair", "table", "stool"))
    receipts = await receive_all(inbox, [table, chair, stool, table, chair])
    assert [receipt.state for receipt in receipts] == ["applied", "failed", "applied", "duplicate", "failed"]
    assert await effects(database) == ["stool", "table"]
    (again,) = await inbox.receive_some([chair, table])
    assert isinstance(again.error, asyncpg.DivisionByZeroError)


async def test_one_that_fails_at_the_commit_takes_no_other_with_it(database: Database) -> None:
    async with database.acquire() as connection:
        await connection.execute("CREATE TABLE labels (label text UNIQUE DEFERRABLE INITIALLY DEFERRED)")

    async def label_chairs_twice(connection: Connection, event: CloudEvent) -> None:
        await write_effect(connection, event)
        if event.subject == "chair":
            await connection.execute("INSERT INTO labels VALUES ('chair'), ('chair')")

    inbox = Inbox(database, "things", {"thing.made": label_chairs_twice})
    waiting = [Incoming(made(name)) for name in ("table", "chair", "stool")]
    states = []
    while waiting:
        receipts = await inbox.receive_some(waiting)
        states += [receipt.state for receipt in receipts]
        waiting = waiting[len(receipts) :]
    assert states == ["applied", "failed", "applied"]
    assert await effects(database) == ["stool", "table"]


async def test_a_slow_event_is_committed_before_the_next_is_begun(database: Database) -> None:
    async def be_slow(connection: Connection, event: CloudEvent) -> None:
        await connection.execute("SELECT pg_sleep($1)", 2 * SLICE_SECONDS)
        await write_effect(connection, event)

    inbox = Inbox(database, "things", {"thing.made": be_slow})
    chair, table = Incoming(made("chair")), Incoming(made("table"))
    assert len(await inbox.receive_some([chair, table])) == 1
    assert await effects(database) == ["chair"]
    assert [receipt.state for receipt in await inbox.receive_some([table])] == ["applied"]


async def test_events_are_handled_each_under_its_own_request_id(database: Database) -> None:
    seen: list[str | None] = []

    async def note(_connection: Connection, _event: CloudEvent) -> None:
        seen.append(current_request_id())

    inbox = Inbox(database, "things", {"thing.made": note})
    await inbox.receive_some([Incoming(made("chair"), "request-1"), Incoming(made("table"), "request-2")])
    assert seen == ["request-1", "request-2"]
