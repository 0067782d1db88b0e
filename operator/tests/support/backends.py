"""PostgreSQL and RabbitMQ that remember what was asked of them."""

import asyncio
from dataclasses import dataclass, field

from fastapi_fleet.api.capacity import ServerCapacity
from fastapi_fleet.backends.login_session import LoginSession
from fastapi_fleet.backends.postgres import DatabaseRequest, DatabaseRoles, PostgresServer
from fastapi_fleet.backends.rabbitmq import BrokerRequest, BrokerServer
from fastapi_fleet.errors import BackendRefusedError


@dataclass
class FakePostgres:
    """`failure` is raised by every call while it is set, those of `failures` by calls to their hosts.

    `held` keeps whoever asks for a database waiting.
    `logins`: passwords of those that services may log in by. `refused`: passwords that nobody is let in by.
    `capacities`: of servers by their host.
    """

    databases: dict[str, DatabaseRequest] = field(default_factory=dict)
    locked: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    servers: list[PostgresServer] = field(default_factory=list)
    sessions: dict[str, tuple[LoginSession, ...]] = field(default_factory=dict)
    logins: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    capacities: dict[str, ServerCapacity] = field(default_factory=dict)
    failure: Exception | None = None
    failures: dict[str, Exception] = field(default_factory=dict)
    held: asyncio.Event | None = None

    async def check_administrator(self, server: PostgresServer) -> None:
        self._call(server)

    async def ensure_database(self, server: PostgresServer, request: DatabaseRequest) -> tuple[str, ...]:
        self._call(server)
        if self.held is not None:
            await self.held.wait()
        if not request.draining:
            self._lock(*{request.roles.runtime, request.roles.second} - {request.login})
        self.logins[request.login] = request.password
        if self.databases.get(request.database) == request:
            return ()
        self.databases[request.database] = request
        return ("made the database",)

    async def log_in(self, server: PostgresServer, request: DatabaseRequest) -> None:
        self._call(server)
        if request.password in self.refused:
            raise BackendRefusedError("LoginRefused", f"{request.login} is refused")

    async def list_sessions(self, server: PostgresServer, role: str) -> tuple[LoginSession, ...]:
        self._call(server)
        return self.sessions.get(role, ())

    async def lock_login(self, server: PostgresServer, role: str, owner: str) -> None:
        self._call(server)
        if any(role in known.roles.logins and known.owner == owner for known in self.databases.values()):
            self._lock(role)

    def capacity(self, server: PostgresServer) -> ServerCapacity | None:
        return self.capacities.get(server.host)

    async def lock_database(self, server: PostgresServer, database: str, roles: DatabaseRoles, owner: str) -> None:
        self._call(server)
        self._forget(database, roles, owner, self.locked)

    async def drop_database(self, server: PostgresServer, database: str, roles: DatabaseRoles, owner: str) -> None:
        self._call(server)
        self._forget(database, roles, owner, self.dropped)

    def _forget(self, database: str, roles: DatabaseRoles, owner: str, record: list[str]) -> None:
        known = self.databases.get(database)
        if known is not None and (known.roles, known.owner) == (roles, owner):
            self._lock(*roles.logins)
            record.append(self.databases.pop(database).database)

    def _lock(self, *roles: str) -> None:
        for role in roles:
            self.logins.pop(role, None)
            self.sessions.pop(role, None)

    def _call(self, server: PostgresServer) -> None:
        self.servers.append(server)
        failure = self.failure or self.failures.get(server.host)
        if failure is not None:
            raise failure


@dataclass
class FakeRabbitmq:
    """`failure` is raised by every call while it is set."""

    users: dict[str, BrokerRequest] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)
    servers: list[BrokerServer] = field(default_factory=list)
    sessions: dict[str, tuple[LoginSession, ...]] = field(default_factory=dict)
    failure: Exception | None = None

    async def check_administrator(self, server: BrokerServer) -> None:
        self._call(server)

    async def ensure_user(self, server: BrokerServer, request: BrokerRequest) -> tuple[str, ...]:
        self._call(server)
        if request.retired is not None:
            self._remove(request.retired, request.owner)
        if self.users.get(request.user) == request:
            return ()
        self.users[request.user] = request
        return ("made the user",)

    async def remove_user(self, server: BrokerServer, user: str, owner: str) -> None:
        self._call(server)
        self._remove(user, owner)

    def _remove(self, user: str, owner: str) -> None:
        known = self.users.get(user)
        if known is not None and known.owner == owner:
            self.sessions.pop(user, None)
            self.removed.append(self.users.pop(user).user)

    async def log_in(self, server: BrokerServer, request: BrokerRequest) -> None:
        self._call(server)
        assert self.users[request.user] == request

    async def list_sessions(self, server: BrokerServer, user: str) -> tuple[LoginSession, ...]:
        self._call(server)
        return self.sessions.get(user, ())

    async def remove_all(
        self, server: BrokerServer, users: tuple[str, ...], owner: str, *, vhost: str, service: str
    ) -> None:
        self._call(server)
        for user in users:
            self._remove(user, owner)
        self.emptied.append(f"{vhost} {service}")

    def _call(self, server: BrokerServer) -> None:
        self.servers.append(server)
        if self.failure is not None:
            raise self.failure
