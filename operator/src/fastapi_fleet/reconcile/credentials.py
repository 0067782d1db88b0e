"""Values of a service's own Secret: what is there is kept, what is missing is made."""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.backends.login_session import Turn
from fastapi_fleet.backends.postgres import DatabaseRoles
from fastapi_fleet.constants import BackingPart
from fastapi_fleet.reconcile.endpoints import Endpoints, broker_url, database_url
from fastapi_fleet.resources import names
from fastapi_fleet.resources.environment import generated_keys, signing_keys

SECRET_BYTES = 32
"""Randomness of each generated value. 32 bytes are 43 URL-safe characters: nothing ever needs escaping."""

_ED25519_PREFIX: Final = bytes.fromhex("302e020100300506032b657004220420")
"""What PKCS #8 puts before the key (RFC 8410, 7)."""

_URL_SAFE = re.compile(r"[A-Za-z0-9_-]+")


def generate_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


@dataclass(frozen=True)
class ServiceIdentity:
    """Where a service's database and broker account are, and what they are called."""

    namespace: str
    service: str
    platform: str

    def login(self, part: BackingPart, turn: Turn) -> str:
        """What the service logs in as: in its first turn by the name that it always had."""
        if part == "database":
            return self.database_roles.of_turn(turn)
        name = names.broker_user if turn == "first" else names.second_broker_user
        return name(self.namespace, self.service)

    def turn_in(self, part: BackingPart, credentials: Mapping[str, str]) -> Turn:
        """Whose turn it is, by the login that the service's Secret tells of."""
        is_second = login_in(credentials.get(names.URLS[part])) == self.login(part, "second")
        return "second" if is_second else "first"

    @property
    def database(self) -> str:
        return names.database(self.namespace, self.service)

    @property
    def database_roles(self) -> DatabaseRoles:
        """The service logs in as the role of its database's name, or as the second one."""
        owner, migrator = (names.database_role(self.namespace, self.service, part) for part in ("owner", "migrator"))
        second = names.second_login(self.namespace, self.service)
        return DatabaseRoles(owner=owner, runtime=self.database, second=second, migrator=migrator)

    @property
    def virtual_host(self) -> str:
        return names.virtual_host(self.namespace, self.platform)

    @property
    def mark(self) -> str:
        """What says on the backend whose a role, a database or a user is."""
        return f"{self.namespace}/{self.service}"


def complete_credentials(
    identity: ServiceIdentity,
    spec: FastAPIServiceSpec,
    existing: Mapping[str, str],
    endpoints: Endpoints,
    generate: Callable[[], str],
) -> dict[str, str]:
    """The service's Secret as it should be, by variable. `existing` passwords and generated values stay as they are."""
    credentials: dict[str, str] = {}
    if spec.database is not None:
        role = identity.login("database", identity.turn_in("database", existing))
        credentials |= _database_login(identity, role, existing, endpoints, generate)
    if spec.broker is not None:
        user = identity.login("broker", identity.turn_in("broker", existing))
        credentials |= _broker_login(identity, user, existing, endpoints, generate)
    for env in generated_keys(spec):
        credentials[env] = existing.get(env) or generate()
    for env, key in signing_keys(spec).items():
        credentials |= {
            env: existing.get(env) or signing_key(generate()),
            key.other_env: existing.get(key.other_env, ""),
        }
    return credentials


def signing_key(randomness: str) -> str:
    """An Ed25519 private key in PEM: any 32 random bytes are one (RFC 8032, 5.1.5)."""
    seed = hashlib.sha256(randomness.encode()).digest()
    body = base64.b64encode(_ED25519_PREFIX + seed).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"


def next_login(
    identity: ServiceIdentity,
    part: BackingPart,
    existing: Mapping[str, str],
    endpoints: Endpoints,
    generate: Callable[[], str],
) -> dict[str, str]:
    """The other login than the one in use, with a password that nobody has had."""
    login = identity.login(part, other_turn(identity.turn_in(part, existing)))
    complete = _database_login if part == "database" else _broker_login
    return complete(identity, login, {}, endpoints, generate)


def other_turn(turn: Turn) -> Turn:
    return "second" if turn == "first" else "first"


def complete_migration_credentials(
    identity: ServiceIdentity,
    spec: FastAPIServiceSpec,
    existing: Mapping[str, str],
    endpoints: Endpoints,
    generate: Callable[[], str],
) -> dict[str, str]:
    """The Secret of the service's migrations as it should be; empty where it has none apart from its own pods."""
    if spec.database is None or spec.database.migrations is None:
        return {}
    return _database_login(identity, identity.database_roles.migrator, existing, endpoints, generate)


def _database_login(
    identity: ServiceIdentity,
    role: str,
    existing: Mapping[str, str],
    endpoints: Endpoints,
    generate: Callable[[], str],
) -> dict[str, str]:
    """How `role` reaches the service's database; empty while nobody knows where that is."""
    if endpoints.postgres is None:
        return {}
    password = password_in(existing.get(names.DATABASE_URL)) or generate()
    return {names.DATABASE_URL: database_url(endpoints.postgres, role, password, identity.database)}


def _broker_login(
    identity: ServiceIdentity,
    user: str,
    existing: Mapping[str, str],
    endpoints: Endpoints,
    generate: Callable[[], str],
) -> dict[str, str]:
    if endpoints.broker is None:
        return {}
    password = password_in(existing.get(names.RABBITMQ_URL)) or generate()
    return {names.RABBITMQ_URL: broker_url(endpoints.broker, user, password, identity.virtual_host)}


def login_in(url: str | None) -> str | None:
    """Whom a connection URL logs in; None where it does not say."""
    try:
        return unquote(urlsplit(url or "").username or "") or None
    except ValueError:
        return None


def password_in(url: str | None) -> str | None:
    """The password of a connection URL; None where there is none, or one that this operator would not have made."""
    if not url:
        return None
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        return None
    return password if _URL_SAFE.fullmatch(password) else None


def hidden_values(credentials: Mapping[str, str]) -> tuple[str, ...]:
    """What must not show in any message: the values, and the passwords within them."""
    passwords = (password_in(value) for value in credentials.values() if "://" in value)
    return (*credentials.values(), *(password for password in passwords if password))
