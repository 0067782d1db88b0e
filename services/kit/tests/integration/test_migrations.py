import asyncio
import os
import shutil
import sys
from pathlib import Path

import asyncpg
import pytest
from fleetkit.background import Startup, running
from fleetkit.database import Database
from fleetkit.health import NotReadyError
from fleetkit.migrations import MigrationError, SchemaCheck, migrate
from fleetkit.testing import eventually
from pydantic import SecretStr

from .support import MIGRATIONS, settings_for


async def fetch_value(database_url: str, query: str) -> object:
    connection = await asyncpg.connect(database_url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_processes_that_start_together_migrate_once(database_url: str) -> None:
    await asyncio.gather(*(migrate(SecretStr(database_url), MIGRATIONS) for _ in range(4)))
    assert await fetch_value(database_url, "SELECT version_num FROM alembic_version") == "0001"


async def test_leaves_a_schema_alone_that_is_newer_than_the_code(database_url: str) -> None:
    await migrate(SecretStr(database_url), MIGRATIONS)
    await fetch_value(database_url, "UPDATE alembic_version SET version_num = '0002'")
    await migrate(SecretStr(database_url), MIGRATIONS)
    assert await fetch_value(database_url, "SELECT version_num FROM alembic_version") == "0002"


async def test_keeps_nothing_of_a_migration_that_fails(database_url: str) -> None:
    await fetch_value(database_url, "CREATE TABLE effects (in_the_way int)")
    with pytest.raises(MigrationError):
        await migrate(SecretStr(database_url), MIGRATIONS)
    assert await fetch_value(database_url, "SELECT to_regclass('outbox')") is None


async def run_command(database_url: str, *arguments: str) -> tuple[int | None, str]:
    """Exit status and last line of the command, as a Job shows them."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fleetkit.migrate", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "DATABASE_URL": database_url},
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode().strip().splitlines()[-1] if output.strip() else ""


async def test_command_migrates_and_has_nothing_to_do_then(database_url: str) -> None:
    assert (await run_command(database_url, str(MIGRATIONS)))[0] == 0
    assert await fetch_value(database_url, "SELECT version_num FROM alembic_version") == "0001"
    assert (await run_command(database_url, str(MIGRATIONS)))[0] == 0


async def test_command_leaves_a_schema_alone_that_is_newer_than_the_code(database_url: str) -> None:
    await run_command(database_url, str(MIGRATIONS))
    await fetch_value(database_url, "UPDATE alembic_version SET version_num = '0002'")
    assert (await run_command(database_url, str(MIGRATIONS)))[0] == 0


async def test_command_says_on_its_last_line_why_it_failed(database_url: str) -> None:
    await fetch_value(database_url, "CREATE TABLE effects (in_the_way int)")
    status, last_line = await run_command(database_url, str(MIGRATIONS))
    assert status == 1
    assert last_line == 'The migration failed: DuplicateTableError: relation "effects" already exists'


async def test_command_says_what_it_needs(tmp_path: Path) -> None:
    assert (await run_command("mysql://elsewhere", str(MIGRATIONS)))[0] == 2
    assert (await run_command("postgresql://h/d", str(tmp_path)))[0] == 2


async def test_names_no_secret_when_the_database_is_away(tmp_path: Path) -> None:
    with pytest.raises(MigrationError) as caught:
        await migrate(SecretStr("postgresql://user:hunter2@127.0.0.1:1/things"), MIGRATIONS)
    assert "hunter2" not in str(caught.value)


async def test_startup_waits_for_a_database_that_is_not_there_yet(database_url: str) -> None:
    later = f"{database_url}_later"
    settings = settings_for(later)
    async with Database(settings, application_name="test") as database:
        startup = Startup(settings, database, MIGRATIONS)
        worked = asyncio.Event()

        async def work() -> None:
            worked.set()
            await asyncio.Event().wait()

        async def is_ready() -> bool:
            try:
                await startup.check()
            except NotReadyError:
                return False
            return True

        async with running(startup, [work]):
            with pytest.raises(NotReadyError):
                await startup.check()
            assert not worked.is_set()
            await fetch_value(database_url, f'CREATE DATABASE "{later.rpartition("/")[2]}"')
            try:
                assert await eventually(is_ready)
                await asyncio.wait_for(worked.wait(), 5)
                await database.check()
            finally:
                await database.close()
                await fetch_value(database_url, f'DROP DATABASE "{later.rpartition("/")[2]}" WITH (FORCE)')


async def test_a_worker_that_fails_is_started_again(database_url: str) -> None:
    settings = settings_for(database_url)
    runs: list[int] = []
    again = asyncio.Event()

    async def fail_once() -> None:
        runs.append(1)
        if len(runs) == 1:
            raise RuntimeError
        again.set()
        await asyncio.Event().wait()

    async with (
        Database(settings, application_name="test") as database,
        running(Startup(settings, database, MIGRATIONS), [fail_once]),
    ):
        await asyncio.wait_for(again.wait(), 10)
    assert len(runs) == 2


async def unready(check: SchemaCheck) -> str | None:
    try:
        await check.check()
    except NotReadyError as reason:
        return str(reason)
    return None


async def test_is_ready_with_the_schema_that_it_expects(database: Database) -> None:
    assert await unready(SchemaCheck(database, MIGRATIONS)) is None


async def test_is_ready_with_a_schema_that_is_newer(database: Database, database_url: str) -> None:
    await fetch_value(database_url, "UPDATE alembic_version SET version_num = '0999'")
    assert await unready(SchemaCheck(database, MIGRATIONS)) is None


async def test_is_not_ready_once_somebody_went_back_to_an_older_schema(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    versions = tmp_path / "versions"
    shutil.copytree(MIGRATIONS / "versions", versions)
    (versions / "0002_more.py").write_text('revision = "0002"\ndown_revision = "0001"\n')
    check = SchemaCheck(database, tmp_path)
    await fetch_value(database_url, "UPDATE alembic_version SET version_num = '0002'")
    assert await unready(check) is None
    await fetch_value(database_url, "UPDATE alembic_version SET version_num = '0001'")
    assert await unready(check) == "The schema is at 0001, and 0002 is expected"


async def test_is_not_ready_without_a_schema(database: Database, database_url: str) -> None:
    check = SchemaCheck(database, MIGRATIONS)
    await fetch_value(database_url, "DELETE FROM alembic_version")
    assert await unready(check) == "The schema is at nothing, and 0001 is expected"
    await fetch_value(database_url, "DROP TABLE alembic_version")
    assert await unready(check) == "The schema has not been made"
