"""Work beside the HTTP path: started in the background, restarted when it breaks, stopped within a limit."""

import asyncio
import signal
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

    Args:
        settings: where the database is.
        database: the pool to open.
        migrations: the folder with `env.py` and `versions/`.
        prepare: what else has to be in the database before the service is ready. Every process runs it, some at the
            same time, and again where the database failed meanwhile.
    """

    def __init__(
        self,
        settings: DatabaseSettings,
        database: Database,
        migrations: Path,
        *,
        prepare: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._settings = settings
        self._database = database
        self._migrations = migrations
        self._steps = [self._open] if prepare is None else [self._open, prepare]
        self._state = "not begun"
        self._done = asyncio.Event()

    async def run(self) -> None:
        """Returns once the schema is there, the pool is open and everything is prepared."""
        away = (MigrationError, DatabaseUnavailableError)
        for step in self._steps:
            async for attempt in stamina.retry_context(
                on=away, attempts=None, timeout=None, wait_initial=0.2, wait_max=5.0, wait_jitter=0.5
            ):
                with attempt:
                    await self._try(step)
        self._done.set()

    async def check(self) -> None:
        """The readiness check.

        Raises:
            NotReadyError: until `run` has returned.
        """
        if not self._done.is_set():
            raise NotReadyError(self._state)

    async def _open(self) -> None:
        await migrate(self._settings.database_url, self._migrations)
        await self._database.open()

    async def _try(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
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

    Raises:
        Exception: what `startup` failed with, where trying again cannot help. The process is told to end as soon
            as it fails: a service that can never become ready is not left standing.
    """
    task = asyncio.create_task(_start(startup, workers), name="background")
    task.add_done_callback(_end_process_if_failed)
    try:
        yield
    finally:
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=STOP_TIMEOUT_SECONDS)
        if not done:
            log.warning("Background work did not stop in time")
        elif not task.cancelled():
            task.result()


async def _start(startup: Startup, workers: Sequence[Worker]) -> None:
    await startup.run()
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(_keep_running(worker))


def _end_process_if_failed(task: asyncio.Task[None]) -> None:
    if task.cancelled():
        return
    error = task.exception()
    if error is not None:
        log.critical("Background work failed and the process ends", exc_info=error)
        # The server's own way to stop: requests in hand are answered first.
        signal.raise_signal(signal.SIGTERM)


async def _keep_running(worker: Worker) -> None:
    while True:
        try:
            await worker()
        except Exception:
            log.exception("Worker failed and is restarted", worker=getattr(worker, "__qualname__", repr(worker)))
        await asyncio.sleep(RESTART_DELAY_SECONDS)
