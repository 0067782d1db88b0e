"""What separates the inside of a database from what is wanted: whose things are, and what the service may do. Pure."""

from collections.abc import Iterable, Iterator
from typing import Final

from fastapi_fleet.backends.postgres_state import ContainedObject, ContentsState, DatabaseRequest
from fastapi_fleet.backends.statements import Repair, Statement

RUNTIME_DEFAULTS: Final = frozenset({"r:SELECT", "r:INSERT", "r:UPDATE", "r:DELETE", "S:USAGE", "S:SELECT", "n:USAGE"})
"""What the runtime role may do with tables, sequences and schemas that the owner makes."""

_TABLES: Final = frozenset({"table", "view", "materialized view", "foreign table"})
_DATABASE_OWNER: Final = "pg_database_owner"
"""Owns the schema `public` since PostgreSQL 15, on behalf of whoever owns the database."""


def needs_objects(request: DatabaseRequest, contents: ContentsState) -> bool:
    """Whether the service's rights are to be granted on all that is there, which then has to be listed."""
    return not request.migrates_itself and contents.runtime_defaults != RUNTIME_DEFAULTS


def contents_repairs(
    request: DatabaseRequest, contents: ContentsState, *, former_owners: frozenset[str] | None
) -> Iterator[Repair]:
    """`former_owners`: whose things become the owner's; None is everybody's, of a database that is taken over."""
    owned = {request.roles.owner, _DATABASE_OWNER}
    moved = [one for one in contents.objects if one.owner not in owned and _is_of(former_owners, one)]
    if moved:
        yield _move_all(request, moved)
    if needs_objects(request, contents):
        objects = [*(one for one in contents.objects if one.owner in owned), *moved]
        statements = (*_defaults(request), *_grants(objects, request.roles.runtime))
        yield Repair("runtime rights granted", statements, inside=True)
    if not request.migrates_itself and contents.open_schemas:
        yield Repair("schemas closed to the runtime role", tuple(_close(request, contents)), inside=True)


def _is_of(owners: frozenset[str] | None, one: ContainedObject) -> bool:
    return owners is None or one.owner in owners


def _move_all(request: DatabaseRequest, objects: Iterable[ContainedObject]) -> Repair:
    """The service keeps the use of what it owned, whether or not it may do all that the owner may."""
    moves = [_move(one, request.roles.owner) for one in objects if not one.depends]
    words = "what is in the database given to the owner"
    return Repair(words, (*moves, *_grants(objects, request.roles.runtime)), inside=True)


def _move(one: ContainedObject, owner: str) -> Statement:
    return Statement(f"ALTER {one.kind} %s OWNER TO %I", (one.identity, owner))


def _grants(objects: Iterable[ContainedObject], runtime: str) -> Iterator[Statement]:
    for one in objects:
        if one.kind in _TABLES:
            yield Statement("GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE %s TO %I", (one.identity, runtime))
        elif one.kind == "sequence":
            yield Statement("GRANT USAGE, SELECT ON SEQUENCE %s TO %I", (one.identity, runtime))
        elif one.kind == "schema":
            yield Statement("GRANT USAGE ON SCHEMA %s TO %I", (one.identity, runtime))


def _defaults(request: DatabaseRequest) -> Iterator[Statement]:
    roles = (request.roles.owner, request.roles.runtime)
    for kind, rights in (
        ("TABLES", "SELECT, INSERT, UPDATE, DELETE"),
        ("SEQUENCES", "USAGE, SELECT"),
        ("SCHEMAS", "USAGE"),
    ):
        for change in (f"REVOKE ALL ON {kind} FROM", f"GRANT {rights} ON {kind} TO"):
            yield Statement(f"ALTER DEFAULT PRIVILEGES FOR ROLE %I {change} %I", roles)


def _close(request: DatabaseRequest, contents: ContentsState) -> Iterator[Statement]:
    for schema in contents.open_schemas:
        yield Statement("REVOKE CREATE ON SCHEMA %s FROM PUBLIC, %I", (schema, request.roles.runtime))
