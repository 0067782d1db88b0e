"""Servers of a platform that others run: found by their Secrets, and asked whether they answer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.platform_spec import FleetPlatformSpec, PostgresPlatform, RabbitmqPlatform
from fastapi_fleet.backends.postgres import PostgresServer
from fastapi_fleet.backends.rabbitmq import BrokerServer
from fastapi_fleet.errors import ReconcileError
from fastapi_fleet.reconcile.backing_services import DRIFT_CHECK_SECONDS
from fastapi_fleet.reconcile.outcome import DONE, WAIT_SECONDS, Outcome
from fastapi_fleet.reconcile.servers import Servers
from fastapi_fleet.resources.manifest import Owner
from fastapi_fleet.status.facts import BackendState, ExternalServer


class PostgresCheck(Protocol):
    async def check_administrator(self, server: PostgresServer) -> None: ...


class RabbitmqCheck(Protocol):
    async def check_administrator(self, server: BrokerServer) -> None: ...


class ExternalServers:
    """A server that answered is not asked again for a minute; one that did not is asked at each pass."""

    def __init__(
        self, servers: Servers, *, postgres: PostgresCheck, rabbitmq: RabbitmqCheck, clock: Callable[[], float]
    ) -> None:
        self._servers = servers
        self._postgres = postgres
        self._rabbitmq = rabbitmq
        self._clock = clock
        self._answered: dict[PostgresServer | BrokerServer, float] = {}

    async def look(self, owner: Owner, spec: FleetPlatformSpec) -> dict[str, ExternalServer]:
        """What others run, by component. Never raises for a server's or a Secret's failure."""
        looks: dict[str, Awaitable[ExternalServer]] = {}
        if spec.postgres is not None and spec.postgres.mode != "Embedded":
            looks["postgres"] = self._look_at_postgres(owner, spec.postgres)
        if spec.rabbitmq is not None and spec.rabbitmq.mode != "Embedded":
            looks["rabbitmq"] = self._look_at_broker(owner, spec.rabbitmq)
        return dict(zip(looks, await asyncio.gather(*looks.values()), strict=True))

    async def _look_at_postgres(self, owner: Owner, spec: PostgresPlatform) -> ExternalServer:
        try:
            secret = await self._servers.others_postgres(owner.namespace, owner.name, spec)
        except ReconcileError as error:
            return ExternalServer(BackendState.failed_by(error))
        server = secret.server()
        state = await self._state("PostgreSQL", server, lambda: self._postgres.check_administrator(server))
        return ExternalServer(state, secret.endpoint(), server.certificate_authority)

    async def _look_at_broker(self, owner: Owner, spec: RabbitmqPlatform) -> ExternalServer:
        try:
            secret = await self._servers.others_broker(owner.namespace, owner.name, spec)
        except ReconcileError as error:
            return ExternalServer(BackendState.failed_by(error))
        server = secret.server()
        state = await self._state("RabbitMQ", server, lambda: self._rabbitmq.check_administrator(server))
        return ExternalServer(state, secret.endpoint(), server.certificate_authority)

    async def _state(
        self, what: str, server: PostgresServer | BrokerServer, check: Callable[[], Awaitable[None]]
    ) -> BackendState:
        now = self._clock()
        self._answered = {known: at for known, at in self._answered.items() if now - at < DRIFT_CHECK_SECONDS}
        if server not in self._answered:
            try:
                await check()
            except ReconcileError as error:
                return BackendState.failed_by(error)
            self._answered[server] = now
        message = f"{what} at {server.host}:{server.port} answers, and its administrator may do what services need"
        return BackendState(ready=True, reason=Reason.AVAILABLE, message=message)


def outcome_of_external(found: Iterable[ExternalServer]) -> Outcome:
    """No watch tells of these servers: they are looked at again, sooner where one is not ready."""
    servers = list(found)
    if not servers:
        return DONE
    if all(server.state.ready for server in servers):
        return Outcome("success", again_after=DRIFT_CHECK_SECONDS)
    return Outcome("waiting", again_after=WAIT_SECONDS)
