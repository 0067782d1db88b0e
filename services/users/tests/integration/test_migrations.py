import asyncpg
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from app.config import Settings
from app.main import MIGRATIONS
from app.models.tables import metadata
from fleetkit.migrations import migrate
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


async def test_migrations_make_the_tables_that_the_models_state(settings: Settings) -> None:
    await migrate(settings.database_url, MIGRATIONS)
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(settings.database_url.get_secret_value()),
        poolclass=NullPool,
    )
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
