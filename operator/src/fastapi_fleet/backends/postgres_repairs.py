"""What separates a role and its database from what is wanted, and the statements that close the gap. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from fastapi_fleet.backends.passwords import make_scram_verifier, matches_scram_verifier, require_password
from fastapi_fleet.errors import NotOwnedError

_MAX_IDENTIFIER_BYTES: Final = 63
_UNLIMITED: Final = -1
_NARROW: Final = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT"


@dataclass(frozen=True)
class DatabaseRequest:
    """A database and the one role that owns it and logs in to it.

    Attributes:
        database: name of the database, at most 63 bytes.
        role: name of the role, at most 63 bytes.
        password: the role's password, printable ASCII.
        owner: who both belong to, as "<namespace>/<name>"; marked on both as their comment.
        connection_limit: most connections of the role at a time; None is no limit.

    Raises:
        ValueError: a name or the password is one that PostgreSQL would cut or prepare differently.
    """

    database: str
    role: str
    password: str = field(repr=False)
    owner: str
    connection_limit: int | None = None

    def __post_init__(self) -> None:
        require_identifier(self.database)
        require_identifier(self.role)
        require_password(self.password)


@dataclass(frozen=True)
class RoleState:
    """A role as the server's catalog shows it. `privileged` is any attribute beyond logging in and inheriting."""

    can_login: bool
    privileged: bool
    connection_limit: int
    verifier: str | None = field(repr=False)
    expires: bool
    mark: str | None


@dataclass(frozen=True)
class DatabaseState:
    """A database as the server's catalog shows it. `owner_restricted` is an owner who lacks one of its usual rights."""

    owner: str
    open_to_public: bool
    owner_restricted: bool
    mark: str | None


@dataclass(frozen=True)
class Statement:
    """A statement for the server's `format()`: %I quotes an identifier, %L a literal."""

    template: str
    arguments: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Repair:
    """Statements that take effect together, and what they do in words."""

    words: str
    statements: tuple[Statement, ...]


def require_identifier(name: str) -> None:
    """Refuse a name that PostgreSQL would cut short or could not store.

    Raises:
        ValueError: the name is empty, longer than 63 bytes or holds a NUL.
    """
    if not name or "\0" in name or len(name.encode()) > _MAX_IDENTIFIER_BYTES:
        raise ValueError(f"not a name for PostgreSQL, which takes 1 to {_MAX_IDENTIFIER_BYTES} bytes: {name!r}")


def ownership_mark(owner: str) -> str:
    """Return the comment that says who a role or a database belongs to."""
    return f"fastapi-fleet: {owner}"


def plan_repairs(
    request: DatabaseRequest, role: RoleState | None, database: DatabaseState | None
) -> tuple[Repair, ...]:
    """List what to do, in order; nothing when all is as wanted.

    Raises:
        NotOwnedError: the role or the database exists and carries another mark or none.
    """
    mark = ownership_mark(request.owner)
    if role is not None and role.mark != mark:
        raise NotOwnedError(f"PostgreSQL role {request.role!r} exists and does not belong to {request.owner}")
    if database is not None and not _is_owned(database, role, request):
        raise NotOwnedError(f"PostgreSQL database {request.database!r} exists and does not belong to {request.owner}")
    return (*_role_repairs(request, role), *_database_repairs(request, database))


def _is_owned(database: DatabaseState, role: RoleState | None, request: DatabaseRequest) -> bool:
    if database.mark == ownership_mark(request.owner):
        return True
    # CREATE DATABASE and its mark cannot be one transaction: an operator that ended between the two left this behind.
    return database.mark is None and role is not None and database.owner == request.role


def _role_repairs(request: DatabaseRequest, role: RoleState | None) -> Iterator[Repair]:
    limit = _UNLIMITED if request.connection_limit is None else request.connection_limit
    if role is None:
        yield _role_creation(request, limit)
        return
    if role.privileged:
        yield _role_change(request, "role privileges removed", _NARROW)
    if not role.can_login:
        yield _role_change(request, "role unlocked", "LOGIN")
    if role.expires:
        yield _role_change(request, "role expiry removed", "VALID UNTIL 'infinity'")
    if role.connection_limit != limit:
        yield _role_change(request, "connection limit set", f"CONNECTION LIMIT {limit:d}")
    if not matches_scram_verifier(request.password, role.verifier):
        yield _role_change(request, "password reset", "PASSWORD %L", make_scram_verifier(request.password))


def _role_creation(request: DatabaseRequest, limit: int) -> Repair:
    return Repair(
        "role created",
        (
            Statement(
                f"CREATE ROLE %I LOGIN {_NARROW} CONNECTION LIMIT {limit:d} PASSWORD %L",
                (request.role, make_scram_verifier(request.password)),
            ),
            Statement("COMMENT ON ROLE %I IS %L", (request.role, ownership_mark(request.owner))),
        ),
    )


def _role_change(request: DatabaseRequest, words: str, options: str, *arguments: str) -> Repair:
    return Repair(words, (Statement(f"ALTER ROLE %I {options}", (request.role, *arguments)),))


def _database_repairs(request: DatabaseRequest, database: DatabaseState | None) -> Iterator[Repair]:
    if database is None:
        yield _database_change(request, "database created", "CREATE DATABASE %I OWNER %I", request.role)
        database = DatabaseState(owner=request.role, open_to_public=True, owner_restricted=False, mark=None)
    mark = ownership_mark(request.owner)
    if database.mark != mark:
        yield _database_change(request, "database marked", "COMMENT ON DATABASE %I IS %L", mark)
    if database.owner != request.role:
        yield _database_change(request, "database owner set", "ALTER DATABASE %I OWNER TO %I", request.role)
    if database.open_to_public:
        yield _database_change(request, "public access revoked", "REVOKE ALL ON DATABASE %I FROM PUBLIC")
    if database.owner_restricted:
        yield _database_change(request, "owner's rights restored", "GRANT ALL ON DATABASE %I TO %I", request.role)


def _database_change(request: DatabaseRequest, words: str, template: str, *arguments: str) -> Repair:
    return Repair(words, (Statement(template, (request.database, *arguments)),))
