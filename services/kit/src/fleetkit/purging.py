"""What is too old goes, a bounded number of rows at a time: a table that grew large is emptied all the same."""

import asyncio

import structlog

from fleetkit.cancellation import end_if_cancelled
from fleetkit.database import Database, DatabaseUnavailableError

INTERVAL_SECONDS = 3600.0
AGAIN_SECONDS = 30.0
# A statement over all rows that a busy hour leaves would take longer than a statement may.
ROWS_AT_A_TIME = 5000
log = structlog.get_logger(__name__)


async def keep_purging(database: Database, statement: str, kept: int, *, rows_at_a_time: int = ROWS_AT_A_TIME) -> None:
    """Purges once an hour, until cancelled. Any number of processes may.

    Args:
        database: where the table is.
        statement: a DELETE of no more than `$2` rows that are older than `$1`.
        kept: `$1`, in whatever unit the statement counts.
        rows_at_a_time: `$2`.
    """
    while True:
        try:
            while await _purge_some(database, statement, kept, rows_at_a_time) == rows_at_a_time:
                end_if_cancelled()
        except DatabaseUnavailableError as error:
            log.warning("Purging pauses until the database is back", reason=str(error))
            await asyncio.sleep(AGAIN_SECONDS)
            continue
        end_if_cancelled()
        await asyncio.sleep(INTERVAL_SECONDS)


async def _purge_some(database: Database, statement: str, kept: int, rows: int) -> int:
    async with database.acquire() as connection:
        tag = await connection.execute(statement, kept, rows)
    return int(tag.rpartition(" ")[2])
