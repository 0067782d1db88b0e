"""What separates a role from what is wanted. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from fastapi_fleet.backends.login_session import Turn
from fastapi_fleet.backends.passwords import make_scram_verifier
from fastapi_fleet.backends.postgres_state import DatabaseRequest, Membership, RoleState
from fastapi_fleet.backends.statements import Repair, Statement

_UNLIMITED: Final = -1

LOCK: Final = "ALTER ROLE %I NOLOGIN PASSWORD NULL"
"""Without its password: who unlocks it does not bring an old one back."""


@dataclass(frozen=True)
class WantedRole:
    """`password`: None for a role that nobody logs in as. `acts_as`: the role whose rights it has, and begins as.

    `model` is what that one is, in words.
    `draining`: sessions may still log in as one without a password: it is locked later.
    """

    what: str
    name: str
    mark: str
    password: str | None = field(default=None, repr=False)
    connection_limit: int = _UNLIMITED
    acts_as: str | None = None
    draining: bool = False
    model: str = "the owner"

    @property
    def login(self) -> str:
        return "NOLOGIN" if self.password is None else "LOGIN"


def wanted_owner(request: DatabaseRequest) -> WantedRole:
    return WantedRole("owner", request.roles.owner, request.mark)


def wanted_runtime(request: DatabaseRequest) -> WantedRole:
    acts_as = request.roles.owner if request.migrates_itself else None
    return _service_login(request, "runtime role", "first", acts_as)


def wanted_second(request: DatabaseRequest) -> WantedRole:
    """Its rights are those of the first: what is granted to that one, and will be, is granted once."""
    wanted = _service_login(request, "second login", "second", request.roles.owner)
    if request.migrates_itself:
        return wanted
    return replace(wanted, acts_as=request.roles.runtime, model="the runtime role")


def wanted_migrator(request: DatabaseRequest) -> WantedRole:
    """Without migrations it is locked, not dropped: what it owns stays where it is."""
    acts_as = None if request.migrates_itself else request.roles.owner
    name, password = request.roles.migrator, request.migrator_password
    return WantedRole("migrator", name, request.mark, password, acts_as=acts_as)


def _service_login(request: DatabaseRequest, what: str, turn: Turn, acts_as: str | None) -> WantedRole:
    limit = _UNLIMITED if request.connection_limit is None else request.connection_limit
    in_use = request.turn == turn
    return WantedRole(
        what,
        request.roles.of_turn(turn),
        request.mark,
        request.password if in_use else None,
        limit,
        acts_as,
        draining=request.draining and not in_use,
    )


def role_repairs(wanted: WantedRole, role: RoleState | None) -> Iterator[Repair]:
    """What makes the role, and what gives it its rights or takes dangerous ones."""
    if role is None:
        yield _creation(wanted)
    else:
        yield from _attribute_repairs(wanted, role)
    if wanted.acts_as is None:
        return
    if role is None or wanted.acts_as not in {one.role for one in role.memberships if one.usable}:
        yield _change(wanted, f"made a member of {wanted.model}", "GRANT %2$I TO %1$I", wanted.acts_as)
    if role is None or role.default_role != wanted.acts_as:
        yield _change(wanted, f"set to act as {wanted.model}", "ALTER ROLE %I SET role = %L", wanted.acts_as)


def narrowing_repairs(wanted: WantedRole, role: RoleState | None) -> Iterator[Repair]:
    """What takes rights that a service may be using: for after it has got those that it is to have."""
    if role is None:
        return
    for one in role.memberships:
        if one.role != wanted.acts_as:
            yield _revocation(wanted, one)
    if wanted.acts_as is None and role.default_role is not None:
        yield _change(wanted, "no longer set to act as another role", "ALTER ROLE %I RESET role")


def unusable_memberships(wanted: WantedRole, role: RoleState | None) -> Iterator[Repair]:
    """What is in the way of a membership that can be used: a grant without its options cannot be granted again."""
    for one in role.memberships if role is not None else ():
        if one.role == wanted.acts_as and not one.usable:
            yield _revocation(wanted, one)


def _revocation(wanted: WantedRole, one: Membership) -> Repair:
    words = f"membership in {wanted.model if one.role == wanted.acts_as else repr(one.role)} revoked"
    return _change(wanted, words, "REVOKE %2$I FROM %1$I GRANTED BY %3$I CASCADE", one.role, one.grantor)


def _attribute_repairs(wanted: WantedRole, role: RoleState) -> Iterator[Repair]:
    if not role.administered:
        yield _change(wanted, "administered", "GRANT %I TO CURRENT_USER")
    if role.mark != wanted.mark:
        yield _change(wanted, "marked", "COMMENT ON ROLE %I IS %L", wanted.mark)
    if role.excess:
        yield _change(wanted, "privileges removed", f"ALTER ROLE %I {' '.join(role.excess)}")
    if role.can_login and wanted.password is None and not wanted.draining:
        yield _change(wanted, "locked", LOCK)
    if not role.can_login and wanted.password is not None:
        yield _change(wanted, "unlocked", "ALTER ROLE %I LOGIN")
    if role.expires:
        yield _change(wanted, "expiry removed", "ALTER ROLE %I VALID UNTIL 'infinity'")
    if role.connection_limit != wanted.connection_limit:
        limit = f"{wanted.connection_limit:d}"
        yield _change(wanted, "connection limit set", f"ALTER ROLE %I CONNECTION LIMIT {limit}")
    if wanted.password is not None and not role.password_fits:
        verifier = make_scram_verifier(wanted.password)
        yield _change(wanted, "password reset", "ALTER ROLE %I PASSWORD %L", verifier)


def _creation(wanted: WantedRole) -> Repair:
    options = f"{wanted.login} CONNECTION LIMIT {wanted.connection_limit:d}"
    creation = Statement(f"CREATE ROLE %I {options}", (wanted.name,))
    if wanted.password is not None:
        arguments = (wanted.name, make_scram_verifier(wanted.password))
        creation = Statement(f"CREATE ROLE %I {options} PASSWORD %L", arguments)
    mark = Statement("COMMENT ON ROLE %I IS %L", (wanted.name, wanted.mark))
    return Repair(f"{wanted.what} created", (creation, mark))


def _change(wanted: WantedRole, words: str, template: str, *arguments: str) -> Repair:
    return Repair(f"{wanted.what} {words}", (Statement(template, (wanted.name, *arguments)),))
