"""What separates a database and its roles from what is wanted, and the statements that close the gap. Pure."""

from collections.abc import Iterator
from typing import Final

from fastapi_fleet.backends.postgres_contents import contents_repairs
from fastapi_fleet.backends.postgres_roles import (
    narrowing_repairs,
    role_repairs,
    unusable_memberships,
    wanted_migrator,
    wanted_owner,
    wanted_runtime,
    wanted_second,
)
from fastapi_fleet.backends.postgres_state import MARK_PREFIX, DatabaseRequest, DatabaseState, ObservedDatabase
from fastapi_fleet.backends.statements import Repair, Statement
from fastapi_fleet.errors import NotOwnedError

_RUNTIME_RIGHTS: Final = frozenset({"CONNECT"})


def plan_repairs(request: DatabaseRequest, found: ObservedDatabase) -> tuple[Repair, ...]:
    """List what to do, in order; nothing when all is as wanted.

    What a running service may need is given before anything is taken from it.

    Raises:
        NotOwnedError: a role or the database exists and carries another mark, or none and is not to be adopted.
    """
    _refuse_foreign(request, found)
    wanted = [(wanted_owner(request), found.owner), (wanted_runtime(request), found.runtime)]
    if request.turn == "second" or found.second is not None:
        wanted.append((wanted_second(request), found.second))
    if not request.migrates_itself or found.migrator is not None:
        wanted.append((wanted_migrator(request), found.migrator))
    return (
        *(repair for role, state in wanted for repair in unusable_memberships(role, state)),
        *(repair for role, state in wanted for repair in role_repairs(role, state)),
        *_ownership_repairs(request, found.database),
        *_contents_repairs(request, found),
        *_database_repairs(request, found.database),
        *(repair for role, state in wanted for repair in narrowing_repairs(role, state)),
    )


def is_taken_over(request: DatabaseRequest, found: DatabaseState) -> bool:
    """Whether the database is one that somebody else made: it is marked once all in it is the owner's."""
    return request.adopt and found.mark != request.mark


def _refuse_foreign(request: DatabaseRequest, found: ObservedDatabase) -> None:
    roles = request.roles
    states = (found.owner, found.runtime, found.second, found.migrator)
    for name, role in zip(roles.all, states, strict=True):
        if role is not None and role.mark != request.mark and not _may_be_adopted(request, role.mark):
            raise NotOwnedError(f"PostgreSQL role {name!r} exists and does not belong to {request.owner}")
    if found.database is not None and not _is_owned(request, found, found.database):
        raise NotOwnedError(f"PostgreSQL database {request.database!r} exists and does not belong to {request.owner}")


def _may_be_adopted(request: DatabaseRequest, mark: str | None) -> bool:
    """What another service is marked on is its own, whatever this one says."""
    return request.adopt and not (mark or "").startswith(MARK_PREFIX)


def _is_owned(request: DatabaseRequest, found: ObservedDatabase, database: DatabaseState) -> bool:
    if database.mark == request.mark or _may_be_adopted(request, database.mark):
        return True
    # CREATE DATABASE and its mark cannot be one transaction: an operator that ended between the two left this behind.
    # One from before there was a role of the owner's made the runtime role the owner.
    makers = {
        name
        for name, role in ((request.roles.owner, found.owner), (request.roles.runtime, found.runtime))
        if role is not None
    }
    return database.mark is None and database.owner in makers


def _contents_repairs(request: DatabaseRequest, found: ObservedDatabase) -> Iterator[Repair]:
    if found.contents is None or found.database is None:
        return
    logins = frozenset(request.roles.logins)
    everybody = is_taken_over(request, found.database)
    yield from contents_repairs(request, found.contents, former_owners=None if everybody else logins)


def _ownership_repairs(request: DatabaseRequest, database: DatabaseState | None) -> Iterator[Repair]:
    if database is None:
        yield _change(request, "database created", "CREATE DATABASE %I OWNER %I", request.roles.owner)
    elif database.owner != request.roles.owner:
        yield _change(request, "database owner set", "ALTER DATABASE %I OWNER TO %I", request.roles.owner)


def _database_repairs(request: DatabaseRequest, database: DatabaseState | None) -> Iterator[Repair]:
    owner, runtime = request.roles.owner, request.roles.runtime
    if database is None or database.mark != request.mark:
        yield _change(request, "database marked", "COMMENT ON DATABASE %I IS %L", request.mark)
    if database is None or database.open_to_public:
        yield _change(request, "public access revoked", "REVOKE ALL ON DATABASE %I FROM PUBLIC")
    if database is not None and database.owner_restricted:
        yield _change(request, "owner's rights restored", "GRANT ALL ON DATABASE %I TO %I", owner)
    if database is None or database.owner == runtime or database.runtime_rights != _RUNTIME_RIGHTS:
        names = (request.database, runtime)
        statements = ("REVOKE ALL ON DATABASE %I FROM %I", "GRANT CONNECT ON DATABASE %I TO %I")
        yield Repair("runtime access set", tuple(Statement(template, names) for template in statements))


def _change(request: DatabaseRequest, words: str, template: str, *arguments: str) -> Repair:
    return Repair(words, (Statement(template, (request.database, *arguments)),))
