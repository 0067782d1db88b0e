"""The PostgreSQL pool: bounded waits everywhere, and one error for "the database is away"."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, Self

import asyncpg
import structlog

from fleetkit.cancellation import end_if_cancelled
from fleetkit.health import NotReadyError
from fleetkit.problems import UnavailableError
from fleetkit.settings import DatabaseSettings
from fleetkit.tracing.postgres import connection_class

CLOSE_TIMEOUT_SECONDS = 3.0
LOCK_TIMEOUT_SECONDS = 2.0
IDLE_IN_TRANSACTION_TIMEOUT_SECONDS = 30.0
IDLE_CONNECTION_SECONDS = 60.0
_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)
# The last two are what a statement meets on a connection that is just ending, or is gone.
_FAILURES = (*_AWAY, asyncpg.InternalClientError, asyncpg.InterfaceError)
# After these every pooled connection is suspect: the server went away or became a standby.
_STALE = (
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.ReadOnlySQLTransactionError,
)
log = structlog.get_logger(__name__)


class Row(Protocol):
    """One row of a result."""

    def __getitem__(self, key: str | int) -> Any: ...  # noqa: ANN401 - what a column holds, its reader knows

    def keys(self) -> Sequence[str]: ...


class Connection(Protocol):
    """What repositories use of a connection; arguments are always passed apart from the statement."""

    async def execute(self, query: str, *args: object) -> str: ...

    async def fetch(self, query: str, *args: object) -> list[Row]: ...

    async def fetchrow(self, query: str, *args: object) -> Row | None: ...

    async def fetchval(self, query: str, *args: object) -> Any: ...  # noqa: ANN401 - as for a row


class DatabaseUnavailableError(UnavailableError):
    """The database did not answer in time, refused, or is not open yet."""

    code = "database_unavailable"


class Database:
    """A pool of connections that is opened in the background and never waited for without limit."""

    def __init__(self, settings: DatabaseSettings, *, application_name: str) -> None:
        self._settings = settings
        self._application_name = application_name
        self._pool: Any = None
        self._turns = asyncio.Semaphore(settings.database_pool_max)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Opens the pool.

        Raises:
            DatabaseUnavailableError: where the server cannot be reached; call again later.
        """
        settings = self._settings
        try:
            self._pool = await asyncpg.create_pool(
                min_size=min(settings.database_pool_min, settings.database_pool_max),
                max_size=settings.database_pool_max,
                max_inactive_connection_lifetime=IDLE_CONNECTION_SECONDS,
                reset=_keep_session,
                connection_class=connection_class(),
                **self._connect_options(),
            )
        except _AWAY as error:
            raise _unavailable(error) from error

    async def close(self) -> None:
        """Closes the pool, cutting off after three seconds what has not come back to it."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                await pool.close()
        except TimeoutError:
            log.warning("Pool was terminated: connections did not come back in time")
            pool.terminate()

    def acquire(self) -> AbstractAsyncContextManager[Connection]:
        """Lends a connection.

        Raises:
            DatabaseUnavailableError: none was free in time, or the database failed on the way.
        """
        return _Lease(self._pool, self._turns, self._settings.database_acquire_timeout)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lends a connection with a transaction: committed at the end, rolled back on any error.

        Raises:
            DatabaseUnavailableError: as `acquire`.
        """
        async with self.acquire() as connection, connection.transaction():  # type: ignore[attr-defined]
            yield connection

    async def check(self) -> None:
        """The readiness check.

        Raises:
            NotReadyError: where a query does not succeed.
        """
        try:
            async with self.acquire() as connection:
                await connection.fetchval("SELECT 1")
        except DatabaseUnavailableError as error:
            raise NotReadyError(str(error)) from error

    async def listen(self, channel: str, wake: asyncio.Event) -> None:
        """Sets `wake` at every notification on `channel`; returns when the connection is lost.

        It uses a connection of its own, because a pooled one would be handed to others.

        Raises:
            DatabaseUnavailableError: the connection could not be made.
        """
        lost = asyncio.Event()
        try:
            connection = await asyncpg.connect(**self._connect_options())
        except _AWAY as error:
            raise _unavailable(error) from error
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(channel, lambda *_: wake.set())
            wake.set()
            end_if_cancelled()
            await lost.wait()
        finally:
            await _close(connection)

    def pool_size(self) -> tuple[int, int]:
        """How many connections there are, and how many of them are idle."""
        if self._pool is None:
            return 0, 0
        return self._pool.get_size(), self._pool.get_idle_size()

    def _connect_options(self) -> dict[str, Any]:
        settings = self._settings
        statement_timeout = settings.database_statement_timeout
        return {
            "dsn": settings.database_url.get_secret_value(),
            "timeout": settings.database_acquire_timeout,
            # The server gives up first and says why; this is for a server that says nothing.
            "command_timeout": statement_timeout + 1.0,
            "server_settings": {
                "application_name": self._application_name,
                "statement_timeout": _milliseconds(statement_timeout),
                "lock_timeout": _milliseconds(LOCK_TIMEOUT_SECONDS),
                "idle_in_transaction_session_timeout": _milliseconds(IDLE_IN_TRANSACTION_TIMEOUT_SECONDS),
            },
        }


class _Lease:
    """A connection while it is lent. Every request has one, and a generator would cost several times as much.

    Who waits has its turn before who comes later: the pool by itself gives a returned connection to whoever asks next,
    and under load a tenth of the requests waited for it four times as long as the others. It also makes a timer for
    each connection that it lends and takes back; here only a wait has one.
    """

    __slots__ = ("_connection", "_pool", "_timeout", "_turns")

    def __init__(self, pool: Any, turns: asyncio.Semaphore, timeout: float) -> None:  # noqa: ANN401 - the driver has no types
        self._pool = pool
        self._turns = turns
        self._timeout = timeout
        self._connection: Any = None

    async def __aenter__(self) -> Connection:
        if self._pool is None:
            raise DatabaseUnavailableError("The database is not open yet")
        try:
            if self._turns.locked():
                async with asyncio.timeout(self._timeout):
                    connection: Connection = await self._acquire()
            else:
                connection = await self._acquire()
        except _FAILURES as error:
            raise await self._unavailable(error) from error
        self._connection = connection
        return connection

    async def _acquire(self) -> Connection:
        await self._turns.acquire()
        try:
            # Whose turn it is finds a free one, or makes one, which has a timeout of its own.
            connection: Connection = await self._pool.acquire()
        except BaseException:
            self._turns.release()
            raise
        return connection

    async def __aexit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        is_usable = isinstance(error, asyncpg.InterfaceError) and _is_open(self._connection)
        try:
            # After an error the driver may have to cancel a statement first.
            await self._pool.release(self._connection, timeout=None if error is None else self._timeout)
        except _FAILURES as failure:
            raise await self._unavailable(failure) from failure
        finally:
            self._turns.release()
        # On a connection that can be used, such an error is a mistake of the caller.
        if isinstance(error, _FAILURES) and not is_usable:
            raise await self._unavailable(error) from error

    async def _unavailable(self, error: BaseException) -> DatabaseUnavailableError:
        if isinstance(error, _STALE):
            await self._pool.expire_connections()
        return _unavailable(error)


def _is_open(connection: Any) -> bool:  # noqa: ANN401 - the driver has no types
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:  # the pool has taken it back, because it was lost
        return False


async def _keep_session(_connection: object) -> None:
    """Undoes nothing when a connection comes back: the driver has ended its transaction, and nothing else is changed.

    Statements here take locks for their transaction only and set nothing, and who listens has an own connection. The
    driver's own way is a statement more for each use.
    """


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


def _unavailable(error: BaseException) -> DatabaseUnavailableError:
    return DatabaseUnavailableError(f"The database is not available ({type(error).__name__})")


async def _close(connection: Any) -> None:  # noqa: ANN401 - the driver has no types
    try:
        await connection.close(timeout=1.0)
    except (*_AWAY, asyncpg.InterfaceError):
        connection.terminate()
