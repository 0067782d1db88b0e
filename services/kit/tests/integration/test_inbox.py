import pytest
from fleetkit.database import Connection, Database
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.inbox import Inbox

from .support import effects, made, write_effect


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
