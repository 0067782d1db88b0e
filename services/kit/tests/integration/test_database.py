import asyncio

import asyncpg
import pytest
from fleetkit.database import Database, DatabaseUnavailableError
from fleetkit.health import NotReadyError
from fleetkit.testing import eventually

from .support import effects, settings_for

NOBODY_LISTENS = "postgresql://user:hunter2@127.0.0.1:1/things"


async def cut_connections(database_url: str) -> None:
    """Ends every connection to the database but the own one, as a restart does."""
    administrator = await asyncpg.connect(database_url)
    try:
        await administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await administrator.close()


async def test_keeps_what_a_transaction_did(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO effects VALUES ('kept')")
    assert await effects(database) == ["kept"]


async def test_keeps_nothing_of_a_transaction_that_fails(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO effects VALUES ('lost')")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await effects(database) == []


async def test_says_that_it_is_unavailable_when_nobody_listens() -> None:
    database = Database(settings_for(NOBODY_LISTENS), application_name="test")
    with pytest.raises(DatabaseUnavailableError) as caught:
        await database.open()
    assert "hunter2" not in str(caught.value)


async def test_is_not_ready_before_it_is_open(database_url: str) -> None:
    database = Database(settings_for(database_url), application_name="test")
    with pytest.raises(NotReadyError):
        await database.check()


async def test_does_not_wait_for_ever_for_a_free_connection(database_url: str) -> None:
    settings = settings_for(database_url, database_pool_max=1, database_acquire_timeout=0.2)
    async with Database(settings, application_name="test") as database:
        await database.open()
        async with database.acquire():
            with pytest.raises(DatabaseUnavailableError):
                async with database.acquire():
                    pass


async def test_lends_in_the_order_in_which_it_is_asked(database_url: str) -> None:
    asked: list[int] = []
    lent: list[int] = []
    settings = settings_for(database_url, database_pool_min=2, database_pool_max=2)
    async with Database(settings, application_name="test") as database:
        await database.open()

        async def use_often() -> None:
            for turn in range(20):
                for _ in range(turn % 5):
                    await asyncio.sleep(0)
                number = len(asked)
                asked.append(number)
                async with database.acquire() as connection:
                    lent.append(number)
                    await connection.fetchval("SELECT 1")

        async with asyncio.TaskGroup() as users:
            for _ in range(8):
                users.create_task(use_often())
    assert lent == asked


async def test_takes_back_what_a_request_was_cancelled_with(database_url: str) -> None:
    settings = settings_for(database_url, database_pool_max=1)
    async with Database(settings, application_name="test") as database:
        await database.open()
        lent = asyncio.Event()

        async def sleep() -> None:
            async with database.acquire() as connection:
                lent.set()
                await connection.execute("SELECT pg_sleep(30)")

        for _ in range(3):
            lent.clear()
            sleeping, waiting = asyncio.create_task(sleep()), asyncio.create_task(sleep())
            await lent.wait()
            for task in (waiting, sleeping):
                task.cancel()
            await asyncio.wait([sleeping, waiting])
        await database.check()


async def test_ends_a_statement_that_takes_too_long(database_url: str) -> None:
    settings = settings_for(database_url, database_statement_timeout=0.2)
    async with Database(settings, application_name="test") as database:
        await database.open()
        with pytest.raises(DatabaseUnavailableError):
            async with database.acquire() as connection:
                await connection.execute("SELECT pg_sleep(30)")


async def test_keeps_its_connections_where_a_statement_took_too_long(database_url: str) -> None:
    settings = settings_for(database_url, database_pool_max=1, database_statement_timeout=0.2)
    async with Database(settings, application_name="test") as database:
        await database.open()

        async def server_process() -> object:
            async with database.acquire() as connection:
                return await connection.fetchval("SELECT pg_backend_pid()")

        before = await server_process()
        with pytest.raises(DatabaseUnavailableError):
            async with database.acquire() as connection:
                await connection.execute("SELECT pg_sleep(30)")
        assert await server_process() == before


async def test_serves_again_after_the_server_cut_its_connections(database: Database, database_url: str) -> None:
    await database.check()
    await cut_connections(database_url)

    async def serves() -> bool:
        try:
            await database.check()
        except NotReadyError:
            return False
        return True

    assert await eventually(serves)


async def test_does_not_hide_a_wrong_statement_behind_unavailability(database: Database) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with database.acquire() as connection:
            await connection.execute("SELECT * FROM nowhere")


async def test_wakes_who_listens_and_says_when_the_connection_is_lost(database: Database, database_url: str) -> None:
    wake = asyncio.Event()
    listening = asyncio.create_task(database.listen("bell", wake))
    async with asyncio.timeout(10):
        await wake.wait()  # set once when it begins to listen
        wake.clear()
        async with database.acquire() as connection:
            await connection.execute("SELECT pg_notify('bell', '')")
        await wake.wait()
        await cut_connections(database_url)
        await listening
