"""Alembic over asyncpg: once, under a lock."""

import asyncio
import os
from pathlib import Path

import asyncpg
import structlog
from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from pydantic import SecretStr
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from fleetkit.migrations import MigrationError

# Any constant does: it only has to be the same for every process that migrates one database.
_LOCK_KEY = 7_310_579_141
log = structlog.get_logger(__name__)


async def upgrade(database_url: SecretStr, migrations: Path) -> None:
    """Runs what is missing, after whoever is at it already; see `fleetkit.migrations.migrate`.

    Raises:
        MigrationError: a migration failed, and nothing of it is kept.
    """
    try:
        await _upgrade_locked(_engine(database_url), _config(migrations))
    except (SQLAlchemyError, CommandError) as error:
        raise MigrationError(type(error).__name__) from error


def run_environment(metadata: MetaData) -> None:
    """See `fleetkit.migrations.run_environment`."""
    if context.is_offline_mode():
        context.configure(target_metadata=metadata, dialect_name="postgresql", literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    connection = context.config.attributes.get("connection")
    if connection is None:
        asyncio.run(_run_from_command_line(metadata))
    else:
        _run_migrations(connection, metadata)


async def _upgrade_locked(engine: AsyncEngine, config: Config) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK_KEY})
        await connection.commit()
        # The lock belongs to the session: closing the connection gives it back, however this ends.
        await connection.run_sync(_upgrade, config)
        await connection.commit()


def _upgrade(connection: Connection, config: Config) -> None:
    current = set(MigrationContext.configure(connection).get_current_heads())
    script = ScriptDirectory.from_config(config)
    unknown = current - {revision.revision for revision in script.walk_revisions()}
    if unknown:
        log.warning("Schema is newer than this code and was left alone", revisions=sorted(unknown))
        return
    if current == set(script.get_heads()):
        return
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    log.info("Schema was migrated", revisions=script.get_heads())


async def _run_from_command_line(metadata: MetaData) -> None:
    async with _engine(SecretStr(os.environ["DATABASE_URL"])).connect() as connection:
        await connection.run_sync(_run_migrations, metadata)
        await connection.commit()


def _run_migrations(connection: Connection, metadata: MetaData) -> None:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()


def _config(migrations: Path) -> Config:
    config = Config()
    # A percent sign begins an interpolation in this file format.
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    return config


def _engine(database_url: SecretStr) -> AsyncEngine:
    # The driver parses the URL itself, so that it means the same here as for the pool.
    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(database_url.get_secret_value()),
        poolclass=NullPool,
    )
