import pytest
from fleetkit.database import Database
from fleetkit.events.inbox import RETENTION_DAYS, Inbox
from fleetkit.purging import keep_purging
from fleetkit.testing import eventually

from .support import effects, made, settings_for, working, write_effect

# Every row that is deleted takes 5 ms, so that 200 of them take longer than a statement may.
SLOW_DELETES = """
CREATE FUNCTION be_slow() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(0.005); RETURN OLD; END $$ LANGUAGE plpgsql;
CREATE TRIGGER slow BEFORE DELETE ON effects FOR EACH ROW EXECUTE FUNCTION be_slow();
INSERT INTO effects SELECT 'effect ' || number FROM generate_series(1, 200) number
"""
PURGE = """
DELETE FROM effects WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM effects WHERE length(subject) > $1 LIMIT $2 FOR UPDATE SKIP LOCKED
))
"""


@pytest.fixture
async def many_effects(database: Database) -> None:
    async with database.acquire() as connection:
        await connection.execute(SLOW_DELETES)


@pytest.mark.usefixtures("many_effects")
async def test_more_than_one_statement_can_delete_is_deleted_by_several(database: Database, database_url: str) -> None:
    async def purge() -> None:
        await keep_purging(hurried, PURGE, 0, rows_at_a_time=20)

    async def nothing_is_left() -> bool:
        return await effects(database) == []

    settings = settings_for(database_url, database_statement_timeout=0.8)
    async with Database(settings, application_name="hurried") as hurried:
        await hurried.open()
        async with working(purge):
            await eventually(nothing_is_left, within=15)


@pytest.mark.usefixtures("many_effects")
async def test_what_another_process_is_deleting_is_left_to_it(database: Database) -> None:
    async def purge() -> None:
        await keep_purging(database, PURGE, 0)

    async def the_rest_is_gone() -> bool:
        return await effects(database) == ["effect 1"]

    async with database.transaction() as connection:
        await connection.execute("SELECT FROM effects WHERE subject = 'effect 1' FOR UPDATE")
        async with working(purge):
            await eventually(the_rest_is_gone)


async def test_an_inbox_forgets_what_is_too_old_to_come_again(database: Database) -> None:
    inbox = Inbox(database, "things", {"thing.made": write_effect})
    old, young = made("chair"), made("table")
    for event in (old, young):
        await inbox.receive(event)
    async with database.acquire() as connection:
        make_old = "UPDATE inbox SET received_at = now() - make_interval(days => $2, secs => 1) WHERE message_id = $1"
        await connection.execute(make_old, old.id, RETENTION_DAYS)

    async def knows_only_the_young() -> bool:
        async with database.acquire() as connection:
            return [row["message_id"] for row in await connection.fetch("SELECT message_id FROM inbox")] == [young.id]

    async with working(inbox.keep_purging):
        await eventually(knows_only_the_young)
