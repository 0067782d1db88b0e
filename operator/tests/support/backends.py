"""PostgreSQL and RabbitMQ that remember what was asked of them."""

import asyncio
from dataclasses import dataclass, field

from fastapi_fleet.backends.postgres import DatabaseRequest, DatabaseRoles, PostgresServer
from fastapi_fleet.backends.rabbitmq import BrokerRequest, BrokerServer


@dataclass
class FakePostgres:
    """`failure` is raised by every call while it is set. `held` keeps whoever asks for a database waiting."""

    databases: dict[str, DatabaseRequest] = field(default_factory=dict)
    locked: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    servers: list[PostgresServer] = field(default_factory=list)
    failure: Exception | None = None
    held: asyncio.Event | None = None

    async def check_administrator(self, server: PostgresServer) -> None:
        self._call(server)

    async def ensure_database(self, server: PostgresServer, request: DatabaseRequest) -> tuple[str, ...]:
        self._call(server)
        if self.held is not None:
            await self.held.wait()
        if self.databases.get(request.database) == request:
            return ()
        self.databases[request.database] = request
        return ("made the database",)

    async def lock_database(self, server: PostgresServer, database: str, roles: DatabaseRoles, owner: str) -> None:
        self._call(server)
        self._forget(database, roles, owner, self.locked)

    async def drop_database(self, server: PostgresServer, database: str, roles: DatabaseRoles, owner: str) -> None:
        self._call(server)
        self._forget(database, roles, owner, self.dropped)

    def _forget(self, database: str, roles: DatabaseRoles, owner: str, record: list[str]) -> None:
        known = self.databases.get(database)
        if known is not None and (known.roles, known.owner) == (roles, owner):
            record.append(self.databases.pop(database).database)

    def _call(self, server: PostgresServer) -> None:
        self.servers.append(server)
        if self.failure is not None:
            raise self.failure


@dataclass
class FakeRabbitmq:
    """`failure` is raised by every call while it is set."""

    users: dict[str, BrokerRequest] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)
    servers: list[BrokerServer] = field(default_factory=list)
    failure: Exception | None = None

    async def check_administrator(self, server: BrokerServer) -> None:
        self._call(server)

    async def ensure_user(self, server: BrokerServer, request: BrokerRequest) -> tuple[str, ...]:
        self._call(server)
        if self.users.get(request.user) == request:
            return ()
        self.users[request.user] = request
        return ("made the user",)

    async def remove_user(self, server: BrokerServer, user: str, owner: str) -> None:
        self._call(server)
        known = self.users.get(user)
        if known is not None and known.owner == owner:
            self.removed.append(self.users.pop(user).user)

    async def remove_all(self, server: BrokerServer, user: str, owner: str, *, vhost: str, service: str) -> None:
        await self.remove_user(server, user, owner)
        self.emptied.append(f"{vhost} {service}")

    def _call(self, server: BrokerServer) -> None:
        self.servers.append(server)
        if self.failure is not None:
            raise self.failure
