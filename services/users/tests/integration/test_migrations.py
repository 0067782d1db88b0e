from app.config import Settings
from app.main import MIGRATIONS
from app.models.tables import metadata
from fleetkit.migrations import expected_revisions, migrate
from fleetkit.testing.schema import offline_sql, schema_differences


async def test_migrations_make_what_the_models_state(settings: Settings) -> None:
    await migrate(settings.database_url, MIGRATIONS)
    assert await schema_differences(settings.database_url, metadata) == []


def test_no_two_migrations_follow_the_same_one() -> None:
    assert len(expected_revisions(MIGRATIONS)) == 1


async def test_the_migrations_can_be_read_as_sql_without_a_database() -> None:
    sql = await offline_sql(MIGRATIONS.parent)
    assert "CREATE TABLE outbox" in sql
    assert all(f"'{revision}'" in sql for revision in expected_revisions(MIGRATIONS))
