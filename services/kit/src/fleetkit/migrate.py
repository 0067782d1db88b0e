"""`python -m fleetkit.migrate [FOLDER]` brings the schema in DATABASE_URL to what the migrations in FOLDER make.

FOLDER is `migrations` unless told. It waits for whoever migrates the same database, leaves a newer schema alone, and
says on its last line why it failed: `spec.database.migrations.command` of a FastAPIService.
"""

import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from fleetkit.migrations import MigrationError, migrate
from fleetkit.settings import DatabaseSettings, SettingsError, load_settings

DONE, NOT_DONE, WRONG_USE = 0, 1, 2


def main(arguments: Sequence[str]) -> int:
    folder = Path(arguments[0] if arguments else "migrations")
    if len(arguments) > 1 or not (folder / "versions").is_dir():
        return _end(WRONG_USE, f"{__doc__}\n{folder} is no folder of migrations")
    try:
        asyncio.run(migrate(load_settings(DatabaseSettings).database_url, folder.absolute()))
    except SettingsError as error:
        return _end(WRONG_USE, str(error))
    except MigrationError as error:
        return _end(NOT_DONE, f"The migration failed: {_root_of(error)}")
    return DONE


def _end(status: int, reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return status


def _root_of(error: BaseException) -> str:
    """What the driver said at first. Only its first line: the others may quote rows."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__


if __name__ == "__main__":
    logging.basicConfig(format="%(message)s")
    logging.getLogger("alembic.runtime").setLevel(logging.INFO)
    sys.exit(main(sys.argv[1:]))
