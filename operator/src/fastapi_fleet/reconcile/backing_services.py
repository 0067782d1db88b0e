"""A service's own database and broker user: provisioned, looked after, released."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import structlog
from prometheus_client import Counter

from fastapi_fleet.api.capacity import ServerCapacity
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.database_spec import Database, DeletionPolicy
from fastapi_fleet.api.service_spec import Broker
from fastapi_fleet.backends.login_session import LoginSession
from fastapi_fleet.backends.postgres import DatabaseRequest, DatabaseRoles, PostgresServer
from fastapi_fleet.backends.rabbitmq import BrokerRequest, BrokerServer
from fastapi_fleet.constants import BackingPart
from fastapi_fleet.errors import BackendUnavailableError, ReconcileError
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.kinds import FASTAPI_SERVICE, FLEET_PLATFORM, Object, ObjectKey
from fastapi_fleet.reconcile.backend_requests import Beside, broker_request, database_request
from fastapi_fleet.reconcile.credentials import ServiceIdentity
from fastapi_fleet.reconcile.own_servers import gives_own_servers, state_of_own_server
from fastapi_fleet.reconcile.servers import Servers
from fastapi_fleet.reconcile.silent_servers import SilentServers
from fastapi_fleet.resources import names
from fastapi_fleet.status.conditions import is_true
from fastapi_fleet.status.facts import BackendState
from fastapi_fleet.status.platform_status import COMPONENTS

REPAIRED = Counter("fastapi_fleet_backend_repairs_total", "Backend state created or repaired.", ["backend"])

DRIFT_CHECK_SECONDS = 60.0
"""How long a backend that was found as wanted is taken to be so still."""

log = structlog.get_logger(__name__)

Server = TypeVar("Server", PostgresServer, BrokerServer)


class Postgres(Protocol):
    async def ensure_database(self, server: PostgresServer, request: DatabaseRequest) -> tuple[str, ...]: ...

    async def log_in(self, server: PostgresServer, request: DatabaseRequest) -> None: ...

    async def list_sessions(self, server: PostgresServer, role: str) -> tuple[LoginSession, ...]: ...

    async def lock_login(self, server: PostgresServer, role: str, owner: str) -> None: ...

    def capacity(self, server: PostgresServer) -> ServerCapacity | None: ...

    async def lock_database(self, server: PostgresServer, database: str, roles: DatabaseRoles, owner: str) -> None: ...

    async def drop_database(self, server: PostgresServer, database: str, roles: DatabaseRoles, owner: str) -> None: ...


class Rabbitmq(Protocol):
    async def ensure_user(self, server: BrokerServer, request: BrokerRequest) -> tuple[str, ...]: ...

    async def log_in(self, server: BrokerServer, request: BrokerRequest) -> None: ...

    async def list_sessions(self, server: BrokerServer, user: str) -> tuple[LoginSession, ...]: ...

    async def remove_user(self, server: BrokerServer, user: str, owner: str) -> None: ...

    async def remove_all(
        self, server: BrokerServer, users: tuple[str, ...], owner: str, *, vhost: str, service: str
    ) -> None: ...


@dataclass(frozen=True)
class _Checked:
    server: PostgresServer | BrokerServer
    request: DatabaseRequest | BrokerRequest
    at: float
    state: BackendState


class BackingServices:
    """Speaks to the backends of a platform for one service at a time, and no more often than it must."""

    def __init__(
        self,
        *,
        cache: ObjectCache,
        servers: Servers,
        postgres: Postgres,
        rabbitmq: Rabbitmq,
        clock: Callable[[], float],
    ) -> None:
        self._cache = cache
        self._servers = servers
        self._postgres = postgres
        self._rabbitmq = rabbitmq
        self._clock = clock
        self._silent = SilentServers()
        self._checked: dict[tuple[str, ServiceIdentity], _Checked] = {}

    async def provision_database(
        self,
        identity: ServiceIdentity,
        wanted: Database,
        credentials: Mapping[str, str],
        migration_credentials: Mapping[str, str],
        beside: Beside = Beside.NOTHING,
    ) -> BackendState:
        """Make the database as wanted, unless it was found so lately. Never raises for a backend's failure."""
        server = await self._postgres_server(identity)
        if isinstance(server, BackendState):
            return server
        request = database_request(identity, wanted, credentials, migration_credentials, beside)

        async def ensure() -> tuple[str, ...]:
            done = await self._postgres.ensure_database(server, request)
            if beside is Beside.LOGIN_IN_USE:
                await self._postgres.log_in(server, request)
            return done

        state = await self._ensure(("postgres", identity), server, request, ensure)
        return replace(state, capacity=self._postgres.capacity(server))

    async def provision_broker(
        self,
        identity: ServiceIdentity,
        wanted: Broker,
        credentials: Mapping[str, str],
        beside: Beside = Beside.NOTHING,
    ) -> BackendState:
        """Make the broker user as wanted, unless it was found so lately. Never raises for a backend's failure."""
        server = await self._broker_server(identity)
        if isinstance(server, BackendState):
            return server
        vhost = server.virtual_host or identity.virtual_host
        request = broker_request(identity, wanted, credentials, vhost, beside)

        async def ensure() -> tuple[str, ...]:
            done = await self._rabbitmq.ensure_user(server, request)
            if beside is Beside.LOGIN_IN_USE:
                await self._rabbitmq.log_in(server, request)
            return done

        return await self._ensure(("rabbitmq", identity), server, request, ensure)

    async def list_sessions(self, identity: ServiceIdentity, part: BackingPart, login: str) -> tuple[LoginSession, ...]:
        """Who is logged in as one of the service's logins. Raises BackendUnavailableError."""
        if part == "database":
            postgres = _require_server(await self._postgres_server(identity))
            with self._silent.asking(postgres):
                return await self._postgres.list_sessions(postgres, login)
        broker = _require_server(await self._broker_server(identity))
        with self._silent.asking(broker):
            return await self._rabbitmq.list_sessions(broker, login)

    async def lock_login(self, identity: ServiceIdentity, part: BackingPart, login: str) -> None:
        """End one of the service's logins with all its sessions. Raises BackendUnavailableError."""
        if part == "database":
            postgres = _require_server(await self._postgres_server(identity))
            with self._silent.asking(postgres):
                await self._postgres.lock_login(postgres, login, identity.mark)
        else:
            broker = _require_server(await self._broker_server(identity))
            with self._silent.asking(broker):
                await self._rabbitmq.remove_user(broker, login, identity.mark)

    async def release_database(self, identity: ServiceIdentity, policy: DeletionPolicy = "Retain") -> str | None:
        """The service is going, or wants no database any more: its logins end; its data stays, or goes by `policy`.

        A server of the service's own goes with it, and then nobody logs in. Its volume stays: data that is to go is
        dropped on the server before.

        Returns why nothing was done where nobody offers the server any more, which then holds no login.
        Raises BackendUnavailableError while a server that is still wanted does not answer.
        """
        self._checked.pop(("postgres", identity), None)
        if policy == "Retain" and gives_own_servers(self._cache.get(_platform_key(identity))):
            return None
        server = await self._postgres_server(identity)
        if isinstance(server, BackendState):
            return _require_not_offered(server)
        release = self._postgres.drop_database if policy == "Delete" else self._postgres.lock_database
        with self._silent.asking(server):
            await release(server, identity.database, identity.database_roles, identity.mark)
        return None

    async def release_broker(self, identity: ServiceIdentity, policy: DeletionPolicy = "Retain") -> str | None:
        """The service is going, or wants no broker any more: its user ends; its queues stay, or go by `policy`.

        Returns and raises as release_database does.
        """
        self._checked.pop(("rabbitmq", identity), None)
        broker = await self._broker_server(identity)
        if isinstance(broker, BackendState):
            return _require_not_offered(broker)
        users = (identity.login("broker", "first"), identity.login("broker", "second"))
        mark, vhost = identity.mark, broker.virtual_host or identity.virtual_host
        with self._silent.asking(broker):
            if policy == "Delete":
                await self._rabbitmq.remove_all(broker, users, mark, vhost=vhost, service=identity.service)
            else:
                for user in users:
                    await self._rabbitmq.remove_user(broker, user, mark)
        return None

    async def _ensure(
        self,
        what: tuple[str, ServiceIdentity],
        server: PostgresServer | BrokerServer,
        request: DatabaseRequest | BrokerRequest,
        ensure: Callable[[], Awaitable[tuple[str, ...]]],
    ) -> BackendState:
        backend, identity = what
        known = self._checked.get(what)
        fresh = known is not None and self._clock() - known.at < DRIFT_CHECK_SECONDS
        if known is not None and fresh and (known.server, known.request) == (server, request):
            return known.state
        try:
            with self._silent.asking(server):
                repairs = await ensure()
        except ReconcileError as error:
            self._checked.pop(what, None)
            return BackendState.failed_by(error)
        if repairs:
            REPAIRED.labels(backend).inc()
            log.info("Provisioned backend", backend=backend, service=identity.mark, done=list(repairs))
        state = BackendState(ready=True, reason=Reason.PROVISIONED, message=f"{backend} is as specified")
        self._checked[what] = _Checked(server, request, self._clock(), state)
        return state

    async def _postgres_server(self, identity: ServiceIdentity) -> PostgresServer | BackendState:
        platform = self._platform(identity, "postgres")
        if isinstance(platform, BackendState):
            return platform
        if not gives_own_servers(platform):
            return await _found(self._servers.postgres(platform))
        service = ObjectKey(FASTAPI_SERVICE.name, identity.namespace, identity.service)
        state = state_of_own_server(self._cache, service)
        if state is None:
            server = names.postgres(identity.service)
            message = f"the service's own server {server} is gone; its data, if any, is on the volume data-{server}-0"
            return BackendState(ready=False, reason=Reason.BACKEND_NOT_OFFERED, message=message)
        return await _found(self._servers.own_postgres(service)) if state.ready else state

    async def _broker_server(self, identity: ServiceIdentity) -> BrokerServer | BackendState:
        platform = self._platform(identity, "rabbitmq")
        return platform if isinstance(platform, BackendState) else await _found(self._servers.broker(platform))

    def _platform(self, identity: ServiceIdentity, component: str) -> Object | BackendState:
        platform = self._cache.get(_platform_key(identity))
        if platform is None:
            message = f"there is no FleetPlatform {identity.platform} in namespace {identity.namespace}"
            return BackendState(ready=False, reason=Reason.BACKEND_NOT_OFFERED, message=message)
        if not _offers(platform, component):
            message = f"FleetPlatform {identity.platform} does not offer {component}: add spec.{component} to it"
            return BackendState(ready=False, reason=Reason.BACKEND_NOT_OFFERED, message=message)
        if not is_true(platform, COMPONENTS[component]):
            message = f"waits for {names.backend(identity.platform, component)}"
            return BackendState(ready=False, reason=Reason.BACKEND_NOT_READY, message=message)
        return platform


def _require_server(server: Server | BackendState) -> Server:
    """Raises BackendUnavailableError."""
    if isinstance(server, BackendState):
        raise BackendUnavailableError(server.message)
    return server


async def _found(server: Awaitable[Server]) -> Server | BackendState:
    try:
        return await server
    except ReconcileError as error:
        return BackendState.failed_by(error)


def _platform_key(identity: ServiceIdentity) -> ObjectKey:
    return ObjectKey(FLEET_PLATFORM.name, identity.namespace, identity.platform)


def _require_not_offered(state: BackendState) -> str:
    """A backend that nobody offers holds no login; one that is only down does."""
    if state.reason is not Reason.BACKEND_NOT_OFFERED:
        raise BackendUnavailableError(f"cannot end the service's login: {state.message}")
    return state.message


def _offers(platform: Object, component: str) -> bool:
    leaving = platform["metadata"].get("deletionTimestamp") is not None
    return not leaving and (platform.get("spec") or {}).get(component) is not None
