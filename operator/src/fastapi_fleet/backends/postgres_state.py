"""What a service's database and its roles are to be, and what the server's catalog shows of them."""

from dataclasses import dataclass, field
from typing import Final

from fastapi_fleet.backends.login_session import Turn
from fastapi_fleet.backends.passwords import require_password

_MAX_IDENTIFIER_BYTES: Final = 63
MARK_PREFIX: Final = "fastapi-fleet: "


@dataclass(frozen=True)
class DatabaseRoles:
    """Names of the roles of a database, at most 63 bytes each.

    Attributes:
        owner: owns the database and all that is in it; nobody logs in as it.
        runtime: what the service has its rights by, and its first login.
        second: its second login, made for the first change of passwords.
        migrator: what its migrations log in as, a member of the owner.

    Raises:
        ValueError: a name is one that PostgreSQL would cut.
    """

    owner: str
    runtime: str
    second: str
    migrator: str

    def __post_init__(self) -> None:
        for name in self.all:
            require_identifier(name)

    @property
    def all(self) -> tuple[str, ...]:
        return (self.owner, *self.logins)

    @property
    def logins(self) -> tuple[str, ...]:
        return (self.runtime, self.second, self.migrator)

    def of_turn(self, turn: Turn) -> str:
        return self.runtime if turn == "first" else self.second


@dataclass(frozen=True)
class DatabaseRequest:
    """A database, and who may do what in it.

    Attributes:
        database: name of the database, at most 63 bytes.
        roles: its roles.
        password: of the service's login, printable ASCII.
        owner: who all of it belongs to, as "<namespace>/<name>"; marked on database and roles as their comment.
        migrator_password: the migrator's. None: there are no migrations apart from the service, which does what the
            owner may; with one, the service reads and writes rows and no more.
        connection_limit: most connections of each of the service's logins at a time; None is no limit.
        adopt: take over a database and a runtime role that nobody has marked.
        turn: which of its two logins the service is to log in by. The other is locked,
        draining: unless it may still be in use: then it is left open, or locked, as it is.

    Raises:
        ValueError: a name or a password is one that PostgreSQL would cut or prepare differently.
    """

    database: str
    roles: DatabaseRoles
    password: str = field(repr=False)
    owner: str
    migrator_password: str | None = field(default=None, repr=False)
    connection_limit: int | None = None
    adopt: bool = False
    turn: Turn = "first"
    draining: bool = False

    def __post_init__(self) -> None:
        require_identifier(self.database)
        for password in self.passwords.values():
            require_password(password)

    @property
    def mark(self) -> str:
        return ownership_mark(self.owner)

    @property
    def passwords(self) -> dict[str, str]:
        """By the role that logs in with it."""
        migrator = {} if self.migrator_password is None else {self.roles.migrator: self.migrator_password}
        return {self.login: self.password, **migrator}

    @property
    def login(self) -> str:
        """What the service logs in as."""
        return self.roles.of_turn(self.turn)

    @property
    def migrates_itself(self) -> bool:
        return self.migrator_password is None


@dataclass(frozen=True)
class Membership:
    """`usable`: the member has the role's rights, and may become it."""

    role: str
    grantor: str
    usable: bool = True


@dataclass(frozen=True)
class RoleState:
    """A role as the server's catalog shows it.

    `excess`: options of ALTER ROLE that take away what goes beyond logging in and inheriting. `default_role`: what its
    sessions begin as. `administered`: the operator's own login may do what this role may. `password_fits`: it is the
    wanted one, as far as anybody asked.
    """

    can_login: bool
    excess: tuple[str, ...]
    connection_limit: int
    expires: bool
    default_role: str | None
    memberships: tuple[Membership, ...]
    administered: bool
    mark: str | None
    password_fits: bool = True


@dataclass(frozen=True)
class DatabaseState:
    """A database as the server's catalog shows it.

    `owner_restricted` is an owner who lacks one of its usual rights. `runtime_rights` are those on the database itself.
    `logins_own_objects`: something within it belongs to one of the logins.
    """

    owner: str
    open_to_public: bool
    owner_restricted: bool
    runtime_rights: frozenset[str]
    logins_own_objects: bool
    mark: str | None


@dataclass(frozen=True)
class ContainedObject:
    """Something within a database. `identity` is quoted by the server; `depends`: its owner is its table's."""

    kind: str
    identity: str
    owner: str
    depends: bool = False


@dataclass(frozen=True)
class ContentsState:
    """What is in a database, as far as it matters.

    `runtime_defaults`: what the runtime role is granted on whatever the owner makes, as "<object type>:<right>".
    `open_schemas`: where the runtime role may make something, quoted. `objects` are listed only where they are needed.
    """

    runtime_defaults: frozenset[str]
    open_schemas: tuple[str, ...]
    objects: tuple[ContainedObject, ...] = ()


@dataclass(frozen=True)
class ObservedDatabase:
    """All of it; None is what is not there, or, of the contents, what nobody asked for."""

    owner: RoleState | None
    runtime: RoleState | None
    second: RoleState | None
    migrator: RoleState | None
    database: DatabaseState | None
    contents: ContentsState | None


def require_identifier(name: str) -> None:
    """Refuse a name that PostgreSQL would cut short or could not store.

    Raises:
        ValueError: the name is empty, longer than 63 bytes or holds a NUL.
    """
    if not name or "\0" in name or len(name.encode()) > _MAX_IDENTIFIER_BYTES:
        raise ValueError(f"not a name for PostgreSQL, which takes 1 to {_MAX_IDENTIFIER_BYTES} bytes: {name!r}")


def ownership_mark(owner: str) -> str:
    """Return the comment that says who a role or a database belongs to."""
    return f"{MARK_PREFIX}{owner}"
