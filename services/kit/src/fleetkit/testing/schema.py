"""Whether the migrations of a service make what its models state."""

import asyncio
import sys
from pathlib import Path

import asyncpg
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

_NAMES = """
SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f', 'c')
UNION SELECT indexname FROM pg_indexes WHERE schemaname = 'public'
"""
_OF_ALEMBIC = {"alembic_version_pkc"}


async def schema_differences(database_url: SecretStr, metadata: MetaData) -> list[object]:
    """What is different between a migrated database and the models.

    Tables, columns, types, defaults of the server, indexes and constraints are compared, checks by their names.
    """
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(database_url.get_secret_value()),
        poolclass=NullPool,
    )
    async with engine.connect() as connection:
        found: list[object] = await connection.run_sync(_compare, metadata)
    names = await _names_in(database_url)
    return [*found, *sorted(names ^ _names_of(metadata))]


async def offline_sql(service: Path) -> str:
    """The SQL of all migrations of the service in this folder, made without a database.

    Raises:
        AssertionError: it cannot be made.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "alembic", "upgrade", "head", "--sql"),
        cwd=service,
        env={},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()  # noqa: S101 - for tests
    return output.decode()


def _compare(connection: Connection, metadata: MetaData) -> list[object]:
    return list(
        compare_metadata(MigrationContext.configure(connection, opts={"compare_server_default": True}), metadata)
    )


async def _names_in(database_url: SecretStr) -> set[str]:
    connection = await asyncpg.connect(database_url.get_secret_value())
    try:
        return {row["conname"] for row in await connection.fetch(_NAMES)} - _OF_ALEMBIC
    finally:
        await connection.close()


def _names_of(metadata: MetaData) -> set[str]:
    tables = metadata.tables.values()
    constraints = {str(constraint.name) for table in tables for constraint in table.constraints}
    return constraints | {str(index.name) for table in tables for index in table.indexes}
