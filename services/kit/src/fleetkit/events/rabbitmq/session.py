"""A connection that is made again whenever it is lost, without anybody waiting for it."""

import asyncio
from abc import abstractmethod

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from pydantic import SecretStr

from fleetkit.cancellation import end_if_cancelled
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.session import BrokerSession

CONNECT_TIMEOUT_SECONDS = 5.0
SETUP_TIMEOUT_SECONDS = 10.0
CLOSE_TIMEOUT_SECONDS = 2.0
HEARTBEAT_SECONDS = "10"
BROKER_ERRORS = (*CONNECTION_EXCEPTIONS, TimeoutError)
log = structlog.get_logger(__name__)


class RabbitSession(BrokerSession):
    """A session of one connection with one channel.

    Publishers and consumers have a session each: a broker short of memory or disk blocks connections
    that publish, and must not block acknowledgements.
    """

    def __init__(self, url: SecretStr, name: str, metrics: EventMetrics) -> None:
        super().__init__(name, metrics, away=BROKER_ERRORS)
        self._url = url

    @abstractmethod
    async def set_up(self, connection: AbstractConnection, channel: AbstractChannel) -> None:
        """Declares what is needed on a new channel; when that channel closes, the session ends."""

    async def live_once(self) -> None:
        connection = await self._connect()
        try:
            end_if_cancelled()
            connection.close_callbacks.add(self.lose)
            async with asyncio.timeout(SETUP_TIMEOUT_SECONDS):
                channel = await connection.channel()
                channel.close_callbacks.add(self.lose)
                await self.set_up(connection, channel)
            end_if_cancelled()
            await self._stay()
        finally:
            try:
                await self.tear_down()
            finally:
                connection.close_callbacks.discard(self.lose)
                await _close(connection)

    async def _connect(self) -> AbstractConnection:
        connecting = asyncio.create_task(self._open(), name="connect")
        try:
            return await asyncio.shield(connecting)
        except asyncio.CancelledError:
            # Cancelled at the moment of its success, the client would lose the connection and leave it open.
            await asyncio.wait({connecting}, timeout=CLOSE_TIMEOUT_SECONDS)
            connecting.cancel()
            if connecting.done() and not connecting.cancelled() and connecting.exception() is None:
                await _close(connecting.result())
            raise

    async def _open(self) -> AbstractConnection:
        return await aio_pika.connect(
            self._url.get_secret_value(),
            timeout=CONNECT_TIMEOUT_SECONDS,
            heartbeat=HEARTBEAT_SECONDS,
            client_properties={"connection_name": self._name},
        )

    async def _stay(self) -> None:
        log.info("Broker connected", connection=self._name)
        self._connected.set(1)
        try:
            await self._lost.wait()
            log.warning("Broker connection lost", connection=self._name)
        finally:
            self._connected.set(0)


async def _close(connection: AbstractConnection) -> None:
    # The client's own tasks close the socket: one that is cancelled before its first step would leave it open.
    await asyncio.sleep(0)
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
            await connection.close()
    except BROKER_ERRORS as error:
        log.info("Broker connection was not closed in order", reason=type(error).__name__)
