"""Broker users of services: made, narrowed to their events, and removed when their service is gone."""

import ssl
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

import httpx2
from pydantic import BaseModel, JsonValue, TypeAdapter

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.times import rfc3339
from fastapi_fleet.backends.login_session import LoginSession
from fastapi_fleet.backends.passwords import make_rabbitmq_hash, matches_rabbitmq_hash, require_password
from fastapi_fleet.backends.rabbitmq_access import Access, grant_access, own_prefix
from fastapi_fleet.backends.rabbitmq_management import BrokerServer, ManagementApi, require_segment
from fastapi_fleet.constants import EVENTS_EXCHANGE
from fastapi_fleet.errors import BackendRefusedError, NotOwnedError

__all__ = ["BrokerRequest", "BrokerServer", "RabbitmqBackend"]

_HASHING: Final = "rabbit_password_hashing_sha256"
_EXCHANGE_TYPE: Final = "topic"
_MAX_USER_BYTES: Final = 200


@dataclass(frozen=True)
class BrokerRequest:
    """A user of the broker and the events it may publish and consume in one virtual host.

    Attributes:
        vhost: virtual host, made when it is absent.
        user: name of the user, at most 200 bytes.
        password: the user's password, printable ASCII.
        service: prefix, with a dot, of the queues and exchanges that the user owns; holds no dot itself, so that
            no service's names begin with another's.
        publishes: event types that the user may publish, as routing keys.
        consumes: event types that the user may bind its queues to, as binding keys.
        owner: who the user belongs to, as "<namespace>/<name>".
        retired: another user of the owner's that is to be gone; None where it may still be in use.

    Raises:
        ValueError: a name, an event type or the password cannot be used safely.
    """

    vhost: str
    user: str
    password: str = field(repr=False)
    service: str
    publishes: tuple[str, ...]
    consumes: tuple[str, ...]
    owner: str
    retired: str | None = None

    def __post_init__(self) -> None:
        for name in (self.vhost, self.service, *self.publishes, *self.consumes):
            require_segment(name)
        for user in (self.user, self.retired):
            if user is not None:
                _require_user(user)
        require_password(self.password)
        if "." in self.service:
            raise ValueError(f"the name of a service holds no dot: {self.service!r}")


class _Administrator(BaseModel):
    tags: list[str] | str


class _Vhost(BaseModel):
    name: str


class _Named(BaseModel):
    name: str


class _Exchange(BaseModel):
    type: str
    durable: bool


class _User(BaseModel):
    password_hash: str
    hashing_algorithm: str | None
    tags: list[str] | str


class _Mark(BaseModel):
    value: JsonValue


class _Connection(BaseModel):
    """`connected_at`: in milliseconds, once statistics have been gathered."""

    name: str
    connected_at: int = 0

    @property
    def client(self) -> str:
        """The name is both ends: "10.1.2.3:4567 -> 10.4.5.6:5672"."""
        return self.name.partition(" -> ")[0].rpartition(":")[0] or "unknown"

    @property
    def since(self) -> str:
        return rfc3339(datetime.fromtimestamp(self.connected_at / 1000, UTC)) if self.connected_at else "unknown"


class _Permission(BaseModel):
    vhost: str
    configure: str
    write: str
    read: str


class _TopicPermission(BaseModel):
    vhost: str
    exchange: str
    write: str
    read: str


_ADMINISTRATOR: Final = TypeAdapter(_Administrator)
_VHOST: Final = TypeAdapter(_Vhost)
_NAMED: Final = TypeAdapter(list[_Named])
_EXCHANGE: Final = TypeAdapter(_Exchange)
_CONNECTIONS: Final = TypeAdapter(list[_Connection])
_USER: Final = TypeAdapter(_User)
_MARK: Final = TypeAdapter(_Mark)
_PERMISSIONS: Final = TypeAdapter(list[_Permission])
_TOPIC_PERMISSIONS: Final = TypeAdapter(list[_TopicPermission])


class RabbitmqBackend:
    """Makes, repairs and removes broker users. Keeps HTTP connections open between calls, until `aclose`.

    A user has no place for a mark: it holds tags, which would be rights, a password and limits. Who owns a user
    is therefore kept beside it, in the broker's global parameter `fastapi-fleet.user.<user>`, which is stored,
    replicated and exported like the user itself. It is written before the user, so that no crash leaves one unmarked.
    """

    def __init__(self, *, timeout: float = 5.0) -> None:
        """Set the limit of each request.

        Args:
            timeout: seconds to connect, and again to send and to receive.
        """
        self._timeout = timeout
        self._clients: dict[str | None, httpx2.AsyncClient] = {}

    async def check_administrator(self, server: BrokerServer) -> None:
        """Log in and see whether the administrator is one.

        Raises:
            BackendRefusedError: the login, its tags or the certificate are not what they must be.
            BackendUnavailableError: the API did not answer in time.
        """
        user = await self._api(server).get(_ADMINISTRATOR, "whoami")
        if user is None or "administrator" not in user.tags:
            where = f"RabbitMQ management at {server.host}:{server.port}"
            raise BackendRefusedError(Reason.NOT_PRIVILEGED, f"{where}: {server.user} has no tag administrator")

    async def ensure_user(self, server: BrokerServer, request: BrokerRequest) -> tuple[str, ...]:
        """Bring virtual host, shared exchange, user and permissions to what is wanted; write nothing when they are.

        Returns:
            What was created or repaired, in words and in order.

        Raises:
            NotOwnedError: the user, or an exchange of the shared name but another kind, belongs to somebody else.
            BackendUnavailableError: the API did not answer in time or refused the operator.
        """
        api = self._api(server)
        await _refuse_foreign_user(api, request.user, request.owner)
        return (
            *await _ensure_vhost(api, request.vhost),
            *await _ensure_exchange(api, request.vhost),
            *await _ensure_user(api, request),
            *await _ensure_permissions(api, request),
            *await _ensure_topic_permissions(api, request),
            *await _ensure_retired(api, request),
        )

    async def log_in(self, server: BrokerServer, request: BrokerRequest) -> None:
        """See whether the user is let in with its password.

        It has no rights on this API, which says so to a user that it knows and to nobody else: were the answer the same
        for another password, this one would be wrong too.

        Raises:
            BackendUnavailableError: it is not, or the API did not answer in time.
        """
        answers = [
            await self._api(replace(server, user=request.user, password=password)).answer("whoami")
            for password in (request.password, f"not-{request.password}")
        ]
        if answers[0] == answers[1]:
            where = f"RabbitMQ management at {server.host}:{server.port}"
            raise BackendRefusedError(Reason.LOGIN_REFUSED, f"{where}: the new password of {request.user} is refused")

    async def list_sessions(self, server: BrokerServer, user: str) -> tuple[LoginSession, ...]:
        """Connections of the user, the one that is there for longest first.

        Raises:
            BackendUnavailableError: the API did not answer in time or refused the operator.
        """
        found = await self._api(server).get(_CONNECTIONS, "connections", "username", user) or ()
        return tuple(LoginSession(one.client, one.since) for one in sorted(found, key=lambda one: one.connected_at))

    async def remove_user(self, server: BrokerServer, user: str, owner: str) -> None:
        """Delete the user of a service that is gone; the broker ends its connections. Queues and messages are kept.

        A user that is absent or does not belong to `owner` is left alone: nothing of the owner's is open then.

        Raises:
            BackendUnavailableError: the API did not answer in time or refused the operator.
        """
        await _remove_user(self._api(server), user, owner)

    async def remove_all(
        self, server: BrokerServer, users: tuple[str, ...], owner: str, *, vhost: str, service: str
    ) -> None:
        """Delete the users, and the queues and exchanges in `vhost` whose names begin with that of their service.

        A user that is absent or does not belong to `owner` is left alone; where none does, so is all that they made.

        Raises:
            BackendUnavailableError: the API did not answer in time or refused the operator.
        """
        api = self._api(server)
        own = [user for user in users if await _is_marked(api, user, owner)]
        for user in own:
            await api.delete("users", user)
        if not own:
            return
        for kind in ("queues", "exchanges"):
            for one in await api.get(_NAMED, kind, vhost) or ():
                if one.name.startswith(own_prefix(service)):
                    await api.delete(kind, vhost, one.name)
        for user in own:
            await api.delete(*_mark_path(user))

    async def aclose(self) -> None:
        """Close the connections that are kept open."""
        for client in self._clients.values():
            await client.aclose()

    def _api(self, server: BrokerServer) -> ManagementApi:
        """The API over a client that trusts the server's authority: each authority has one."""
        authority = server.certificate_authority
        if authority not in self._clients:
            trusted = ssl.create_default_context(cadata=authority) if authority else True
            self._clients[authority] = httpx2.AsyncClient(timeout=self._timeout, trust_env=False, verify=trusted)
        return ManagementApi(self._clients[authority], server)


def _require_user(user: str) -> None:
    require_segment(user)
    if len(user.encode()) > _MAX_USER_BYTES:
        raise ValueError(f"the name of a broker user takes at most {_MAX_USER_BYTES} bytes: {user!r}")


def _mark_path(user: str) -> tuple[str, str]:
    return ("global-parameters", f"fastapi-fleet.user.{user}")


async def _refuse_foreign_user(api: ManagementApi, user: str, owner: str) -> None:
    mark = await api.get(_MARK, *_mark_path(user))
    if mark is not None and mark.value == owner:
        return
    if mark is not None or await api.get(_USER, "users", user) is not None:
        raise NotOwnedError(f"RabbitMQ user {user!r} exists and does not belong to {owner}")


async def _is_marked(api: ManagementApi, user: str, owner: str) -> bool:
    _require_user(user)
    mark = await api.get(_MARK, *_mark_path(user))
    return mark is not None and mark.value == owner


async def _remove_user(api: ManagementApi, user: str, owner: str) -> bool:
    """Whether there was one of the owner's. The mark goes last: what is left of it is found by that."""
    if not await _is_marked(api, user, owner):
        return False
    await api.delete("users", user)
    await api.delete(*_mark_path(user))
    return True


async def _ensure_retired(api: ManagementApi, request: BrokerRequest) -> tuple[str, ...]:
    if request.retired is None or not await _remove_user(api, request.retired, request.owner):
        return ()
    return ("retired user removed",)


async def _ensure_vhost(api: ManagementApi, vhost: str) -> tuple[str, ...]:
    if await api.get(_VHOST, "vhosts", vhost) is not None:
        return ()
    await api.put("vhosts", vhost, body={"default_queue_type": "quorum"})
    return ("virtual host created",)


async def _ensure_exchange(api: ManagementApi, vhost: str) -> tuple[str, ...]:
    exchange = await api.get(_EXCHANGE, "exchanges", vhost, EVENTS_EXCHANGE)
    if exchange is None:
        await api.put("exchanges", vhost, EVENTS_EXCHANGE, body={"type": _EXCHANGE_TYPE, "durable": True})
        return ("exchange created",)
    if exchange.type != _EXCHANGE_TYPE or not exchange.durable:
        raise NotOwnedError(f"exchange {EVENTS_EXCHANGE!r} in virtual host {vhost!r} is not a durable topic exchange")
    return ()


async def _ensure_user(api: ManagementApi, request: BrokerRequest) -> tuple[str, ...]:
    user = await api.get(_USER, "users", request.user)
    repairs = _user_repairs(user, request.password)
    if repairs:
        await api.put(*_mark_path(request.user), body={"value": request.owner})
        await api.put(
            "users",
            request.user,
            body={
                "password_hash": make_rabbitmq_hash(request.password),
                "hashing_algorithm": _HASHING,
                "tags": "",
            },
        )
    return repairs


def _user_repairs(user: _User | None, password: str) -> tuple[str, ...]:
    if user is None:
        return ("user created",)
    has_password = user.hashing_algorithm == _HASHING and matches_rabbitmq_hash(password, user.password_hash)
    repairs = {"password reset": not has_password, "tags removed": bool(user.tags)}
    return tuple(words for words, needed in repairs.items() if needed)


async def _ensure_permissions(api: ManagementApi, request: BrokerRequest) -> tuple[str, ...]:
    found = {one.vhost: one for one in await api.get(_PERMISSIONS, "users", request.user, "permissions") or ()}
    access = _access(request)
    repairs: list[str] = []
    wanted = _Permission(vhost=request.vhost, configure=access.configure, write=access.write, read=access.read)
    if found.pop(request.vhost, None) != wanted:
        await api.put("permissions", request.vhost, request.user, body=wanted.model_dump(exclude={"vhost"}))
        repairs.append("permissions set")
    for vhost in found:
        await api.delete("permissions", vhost, request.user)
        repairs.append(f"permissions in virtual host {vhost!r} removed")
    return tuple(repairs)


async def _ensure_topic_permissions(api: ManagementApi, request: BrokerRequest) -> tuple[str, ...]:
    found = await api.get(_TOPIC_PERMISSIONS, "users", request.user, "topic-permissions") or ()
    access = _access(request)
    wanted = _TopicPermission(
        vhost=request.vhost, exchange=EVENTS_EXCHANGE, write=access.topic_write, read=access.topic_read
    )
    if wanted in found:
        return ()
    await api.put("topic-permissions", request.vhost, request.user, body=wanted.model_dump(exclude={"vhost"}))
    return ("topic permissions set",)


def _access(request: BrokerRequest) -> Access:
    return grant_access(request.service, request.publishes, request.consumes)
