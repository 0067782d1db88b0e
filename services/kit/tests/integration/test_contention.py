import asyncio

from fleetkit.database import Connection, Database, DatabaseUnavailableError
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.inbox import Inbox, Incoming, Receipt

from .support import effects, made, write_effect

ROWS = {"forwards": ("first", "second"), "backwards": ("second", "first")}
_TAKE = "SELECT FROM effects WHERE subject = $1 FOR UPDATE"


async def test_events_that_want_each_others_rows_come_again_at_once_and_cost_no_attempt(database: Database) -> None:
    async with database.acquire() as connection:
        await connection.execute("INSERT INTO effects (subject) VALUES ('first'), ('second')")
    each_has_one = asyncio.Barrier(2)

    async def take_both(connection: Connection, event: CloudEvent) -> None:
        one, other = ROWS[event.subject or ""]
        await connection.execute(_TAKE, one)
        if not each_has_one.broken:
            await each_has_one.wait()
        await connection.execute(_TAKE, other)
        await write_effect(connection, event)

    inbox = Inbox(database, "things", {"thing.made": take_both})
    events = [Incoming(made(name)) for name in ROWS]
    outcomes = await asyncio.gather(*(inbox.receive_some([event]) for event in events), return_exceptions=True)
    await each_has_one.abort()
    lost = [event for event, outcome in zip(events, outcomes, strict=True) if outcome != [Receipt("applied")]]
    assert [type(outcome) for outcome in outcomes if outcome != [Receipt("applied")]] == [DatabaseUnavailableError]
    assert await inbox.receive_some(lost) == [Receipt("applied")]
    assert await effects(database) == sorted(["first", "second", *ROWS])
