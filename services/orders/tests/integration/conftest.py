from collections.abc import AsyncIterator

import pytest
from app.config import Settings
from app.main import MIGRATIONS
from fleetkit.database import Database
from fleetkit.migrations import migrate


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """A database with the schema, open."""
    await migrate(settings.database_url, MIGRATIONS)
    async with Database(settings, application_name="tests") as database:
        await database.open()
        yield database
