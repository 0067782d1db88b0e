"""Work beside the HTTP path: started in the background, restarted when it breaks, stopped within a limit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import stamina
import structlog

from fleetkit.database import Database, DatabaseUnavailableError
from fleetkit.health import NotReadyError
from fleetkit.migrations import MigrationError, migrate
from fleetkit.settings import DatabaseSettings

Worker = Callable[[], Awaitable[None]]
STOP_TIMEOUT_SECONDS = 5.0
RESTART_DELAY_SECONDS = 1.0
log = structlog.get_logger(__name__)


class Startup:
    """Migrates the schema and opens the pool, for as long as it takes; readiness says how far it is.

    A database that is not there yet neither stops the process nor delays its liveness.
    """

    def __init__(self, settings: DatabaseSettings, database: Database, migrations: Path) -> None:
        self._settings = settings
        self._database = database
        self._migrations = migrations
        self._state = "not begun"
        self._done = asyncio.Event()

    async def run(self) -> None:
        """Returns once the schema is there and the pool is open."""
        away = (MigrationError, DatabaseUnavailableError)
        async for attempt in stamina.retry_context(
            on=away, attempts=None, timeout=None, wait_initial=0.2, wait_max=5.0, wait_jitter=0.5
        ):
            with attempt:
                await self._try()
        self._done.set()

    async def check(self) -> None:
        """The readiness check.

        Raises:
            NotReadyError: until `run` has returned.
        """
        if not self._done.is_set():
            raise NotReadyError(self._state)

    async def _try(self) -> None:
        try:
            await migrate(self._settings.database_url, self._migrations)
            await self._database.open()
        except (MigrationError, DatabaseUnavailableError) as error:
            self._state = f"{type(error).__name__}: {error}"
            log.warning("Service could not start yet", reason=self._state)
            raise


@asynccontextmanager
async def running(startup: Startup, workers: Sequence[Worker]) -> AsyncIterator[None]:
    """Runs `startup` and after it the workers, beside what runs inside.

    Args:
        startup: what the workers need done first.
        workers: each runs until it is cancelled, and cleans up then. One that fails is restarted.
    """
    task = asyncio.create_task(_start(startup, workers), name="background")
    try:
        yield
    finally:
        task.cancel()
        _, pending = await asyncio.wait({task}, timeout=STOP_TIMEOUT_SECONDS)
        if pending:
            log.warning("Background work did not stop in time")


async def _start(startup: Startup, workers: Sequence[Worker]) -> None:
    await startup.run()
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(_keep_running(worker))


async def _keep_running(worker: Worker) -> None:
    while True:
        try:
            await worker()
        except Exception:
            log.exception("Worker failed and is restarted", worker=getattr(worker, "__qualname__", repr(worker)))
        await asyncio.sleep(RESTART_DELAY_SECONDS)
