import pytest
from fleetkit.database import Database
from fleetkit.idempotency import KeyReusedError, RequestInFlightError, keep_purging, once
from fleetkit.testing import eventually

from .support import working


async def ask(database: Database, key: str, answer: str, *, fingerprint: str = "the same") -> str:
    async def make() -> str:
        return answer

    async with database.transaction() as connection:
        return await once(connection, key, fingerprint, make)


async def keys(database: Database) -> list[str]:
    async with database.acquire() as connection:
        return [row["key"] for row in await connection.fetch("SELECT key FROM idempotency_keys ORDER BY key")]


async def test_the_first_answer_comes_again(database: Database) -> None:
    assert [await ask(database, "a", "first"), await ask(database, "a", "second")] == ["first", "first"]
    assert await ask(database, "b", "third") == "third"


async def test_a_key_stays_with_its_request(database: Database) -> None:
    await ask(database, "a", "first")
    with pytest.raises(KeyReusedError):
        await ask(database, "a", "second", fingerprint="another")


async def test_a_key_that_somebody_works_on_is_refused_to_others_only_until_then(database: Database) -> None:
    async def ask_meanwhile() -> str:
        with pytest.raises(RequestInFlightError):
            await ask(database, "a", "second")
        return await ask(database, "b", "other")

    async with database.transaction() as connection:
        assert await once(connection, "a", "the same", ask_meanwhile) == "other"
    assert await ask(database, "a", "second") == "other"


async def test_what_is_older_than_a_day_is_purged(database: Database) -> None:
    await ask(database, "old", "first")
    async with database.acquire() as connection:
        await connection.execute("UPDATE idempotency_keys SET created_at = created_at - interval '24 hours'")
    await ask(database, "young", "second")

    async def only_young_is_left() -> bool:
        return await keys(database) == ["young"]

    async def purge() -> None:
        await keep_purging(database)

    async with working(purge):
        await eventually(only_young_is_left)
