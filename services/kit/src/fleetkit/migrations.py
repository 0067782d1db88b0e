"""Schema migrations: the driver tells what is there, and Alembic is loaded only where something has to change.

Alembic and SQLAlchemy take longer to import than the rest of a service together, and stay in memory.
"""

import ast
import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
from pydantic import SecretStr

from fleetkit.database import Database, DatabaseUnavailableError
from fleetkit.health import NotReadyError

if TYPE_CHECKING:
    from sqlalchemy import MetaData

NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
_TIMEOUT_SECONDS = 120
_CURRENT = "SELECT version_num FROM alembic_version"


class MigrationError(Exception):
    """The schema could not be brought up to date; trying again may help where the database was away."""


async def migrate(database_url: SecretStr, migrations: Path) -> None:
    """Brings the schema to what this code expects.

    Processes that start together wait for one another. A schema that is newer than this code, as after a
    rollback, is left alone.

    Args:
        database_url: a `postgresql://` URL of a role that owns the schema.
        migrations: the folder with `env.py` and `versions/`.

    Raises:
        MigrationError: the database is away or a migration failed.
    """
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            current = await _current_revisions(database_url)
            if current != expected_revisions(migrations):
                await _upgrade(database_url, migrations)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise MigrationError(type(error).__name__) from error


def expected_revisions(migrations: Path) -> frozenset[str]:
    """The revisions that no other one follows: what `alembic heads` says, read without running anything."""
    return _history(migrations).heads


class SchemaCheck:
    """Whether the tables are those that this code expects, or later ones, which it can work with.

    They may change under a running process: another version migrates them, somebody goes back by hand.

    Args:
        database: where the tables are.
        migrations: the folder with `env.py` and `versions/`.
    """

    def __init__(self, database: Database, migrations: Path) -> None:
        self._database = database
        self._migrations = migrations

    async def check(self) -> None:
        """The readiness check.

        Raises:
            NotReadyError: the schema is older than this code, or is not there.
        """
        history = self._history
        try:
            async with self._database.acquire() as connection:
                rows = await connection.fetch(_CURRENT)
        except asyncpg.UndefinedTableError as error:
            raise NotReadyError("The schema has not been made") from error
        except DatabaseUnavailableError as error:
            raise NotReadyError(str(error)) from error
        current = {row["version_num"] for row in rows}
        if not current or (current <= history.revisions and current != history.heads):
            raise NotReadyError(f"The schema is at {_listed(current)}, and {_listed(history.heads)} is expected")

    @cached_property
    def _history(self) -> "_History":
        return _history(self._migrations)


@dataclass(frozen=True)
class _History:
    """The revisions that this code knows, and those of them that no other one follows."""

    revisions: frozenset[str]
    heads: frozenset[str]


def _history(migrations: Path) -> _History:
    revisions: set[str] = set()
    followed: set[str] = set()
    for script in (migrations / "versions").glob("*.py"):
        values = _constants(script)
        revisions.update(_names(values.get("revision")))
        followed.update(_names(values.get("down_revision")))
    return _History(frozenset(revisions), frozenset(revisions - followed))


def _listed(revisions: Iterable[str]) -> str:
    return ", ".join(sorted(revisions)) or "nothing"


def run_environment(metadata: "MetaData") -> None:
    """The body of a service's `migrations/env.py`: online, or offline as SQL.

    The command line of Alembic finds the database in `DATABASE_URL`.
    """
    from fleetkit import alembic_runner

    alembic_runner.run_environment(metadata)


async def _current_revisions(database_url: SecretStr) -> frozenset[str]:
    connection = await asyncpg.connect(database_url.get_secret_value())
    try:
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return frozenset()
        rows = await connection.fetch(_CURRENT)
        return frozenset(row["version_num"] for row in rows)
    finally:
        await connection.close()


async def _upgrade(database_url: SecretStr, migrations: Path) -> None:
    from fleetkit import alembic_runner

    await alembic_runner.upgrade(database_url, migrations)


def _constants(script: Path) -> dict[str, object]:
    values: dict[str, object] = {}
    for statement in ast.parse(script.read_text("utf-8")).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant() | ast.Tuple() as value):
                values[name] = ast.literal_eval(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant() | ast.Tuple() as value):
                values[name] = ast.literal_eval(value)
    return values


def _names(revision: object) -> tuple[str, ...]:
    if revision is None:
        return ()
    return (revision,) if isinstance(revision, str) else tuple(str(one) for one in revision)  # type: ignore[attr-defined]
