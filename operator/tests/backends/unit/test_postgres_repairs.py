from dataclasses import replace

import pytest
from fastapi_fleet.backends.login_session import Turn
from fastapi_fleet.backends.postgres_contents import RUNTIME_DEFAULTS
from fastapi_fleet.backends.postgres_repairs import plan_repairs
from fastapi_fleet.backends.postgres_state import (
    ContainedObject,
    ContentsState,
    DatabaseRequest,
    DatabaseRoles,
    DatabaseState,
    Membership,
    ObservedDatabase,
    RoleState,
    require_identifier,
)
from fastapi_fleet.errors import NotOwnedError

PASSWORD, MIGRATOR_PASSWORD = "s3cret-of-orders", "s3cret-of-migrations"
ROLES = DatabaseRoles(owner="orders_owner", runtime="orders_role", second="orders_second", migrator="orders_migrator")
REQUEST = DatabaseRequest(database="shop_orders", roles=ROLES, password=PASSWORD, owner="shop/orders")
SEPARATE = replace(REQUEST, migrator_password=MIGRATOR_PASSWORD)
MARK = "fastapi-fleet: shop/orders"
OWNER = RoleState(
    can_login=False,
    excess=(),
    connection_limit=-1,
    expires=False,
    default_role=None,
    memberships=(),
    administered=True,
    mark=MARK,
)
LOGIN = replace(OWNER, can_login=True)
MEMBER = replace(LOGIN, default_role="orders_owner", memberships=(Membership("orders_owner", "admin"),))
DATABASE = DatabaseState(
    owner="orders_owner",
    open_to_public=False,
    owner_restricted=False,
    runtime_rights=frozenset({"CONNECT"}),
    logins_own_objects=False,
    mark=MARK,
)
CONTENTS = ContentsState(RUNTIME_DEFAULTS, ())
ALONE = ObservedDatabase(OWNER, MEMBER, None, None, DATABASE, None)
APART = ObservedDatabase(OWNER, LOGIN, None, MEMBER, DATABASE, CONTENTS)
NOTHING = ObservedDatabase(None, None, None, None, None, None)


def words(request: DatabaseRequest, found: ObservedDatabase) -> list[str]:
    return [repair.words for repair in plan_repairs(request, found)]


def test_plans_nothing_when_all_is_as_wanted() -> None:
    assert words(REQUEST, ALONE) == []
    assert words(SEPARATE, APART) == []


def test_plans_roles_before_the_database_when_nothing_is_there() -> None:
    assert words(SEPARATE, NOTHING) == [
        "owner created",
        "runtime role created",
        "migrator created",
        "migrator made a member of the owner",
        "migrator set to act as the owner",
        "database created",
        "database marked",
        "public access revoked",
        "runtime access set",
    ]


@pytest.mark.parametrize(
    ("role", "repair"),
    [
        (replace(MEMBER, can_login=False), "unlocked"),
        (replace(MEMBER, excess=("NOSUPERUSER",)), "privileges removed"),
        (replace(MEMBER, expires=True), "expiry removed"),
        (replace(MEMBER, connection_limit=3), "connection limit set"),
        (replace(MEMBER, password_fits=False), "password reset"),
        (replace(MEMBER, administered=False), "administered"),
        (replace(MEMBER, memberships=()), "made a member of the owner"),
        (replace(MEMBER, default_role=None), "set to act as the owner"),
        (
            replace(MEMBER, memberships=(*MEMBER.memberships, Membership("pg_monitor", "admin"))),
            "membership in 'pg_monitor' revoked",
        ),
    ],
)
def test_plans_one_repair_for_each_drift_of_a_role(role: RoleState, repair: str) -> None:
    assert words(REQUEST, replace(ALONE, runtime=role)) == [f"runtime role {repair}"]
    assert words(SEPARATE, replace(APART, migrator=role)) == [f"migrator {repair}"]


@pytest.mark.parametrize(
    ("database", "repair"),
    [
        (replace(DATABASE, owner="postgres"), "database owner set"),
        (replace(DATABASE, open_to_public=True), "public access revoked"),
        (replace(DATABASE, owner_restricted=True), "owner's rights restored"),
        (replace(DATABASE, runtime_rights=frozenset({"CONNECT", "CREATE"})), "runtime access set"),
        (replace(DATABASE, mark=None), "database marked"),
    ],
)
def test_plans_one_repair_for_each_drift_of_the_database(database: DatabaseState, repair: str) -> None:
    assert words(REQUEST, replace(ALONE, database=database)) == [repair]


def test_rights_are_given_before_any_are_taken() -> None:
    found = replace(ALONE, contents=ContentsState(frozenset(), ("public",)))
    assert words(SEPARATE, found) == [
        "migrator created",
        "migrator made a member of the owner",
        "migrator set to act as the owner",
        "runtime rights granted",
        "schemas closed to the runtime role",
        "runtime role membership in 'orders_owner' revoked",
        "runtime role no longer set to act as another role",
    ]


def test_migrator_is_locked_when_there_are_no_migrations_any_more() -> None:
    done = words(REQUEST, replace(ALONE, migrator=MEMBER))
    assert done[0] == "migrator locked"
    assert words(REQUEST, replace(ALONE, migrator=replace(OWNER, can_login=False))) == []


@pytest.mark.parametrize(
    ("owner", "is_moved"),
    [("orders_role", True), ("orders_migrator", True), ("orders_owner", False), ("pg_database_owner", False)],
)
def test_what_a_login_made_becomes_the_owner_s(owner: str, *, is_moved: bool) -> None:
    contents = replace(CONTENTS, objects=(ContainedObject("table", "public.orders", owner),))
    assert bool(words(REQUEST, replace(ALONE, contents=contents))) is is_moved


def test_what_somebody_else_made_in_an_own_database_is_left_alone() -> None:
    contents = replace(CONTENTS, objects=(ContainedObject("table", "public.orders", "dba"),))
    assert words(replace(REQUEST, adopt=True), replace(ALONE, contents=contents)) == []


def test_adopted_database_is_marked_once_all_in_it_is_the_owner_s() -> None:
    found = replace(
        NOTHING,
        database=replace(DATABASE, mark="made by hand", owner="dba"),
        contents=replace(CONTENTS, objects=(ContainedObject("table", "public.orders", "dba"),)),
    )
    assert words(replace(REQUEST, adopt=True), found)[-3:] == [
        "database owner set",
        "what is in the database given to the owner",
        "database marked",
    ]


SECOND = replace(MEMBER, default_role="orders_role", memberships=(Membership("orders_role", "admin"),))
"""Of a service with migrations: it has the rights of the first."""


def test_second_login_is_made_for_its_first_turn_with_the_rights_of_the_first() -> None:
    beside = replace(SEPARATE, turn="second", draining=True)
    assert words(beside, APART) == [
        "second login created",
        "second login made a member of the runtime role",
        "second login set to act as the runtime role",
    ]
    assert words(beside, replace(APART, second=SECOND)) == []


def test_second_login_of_a_service_that_migrates_itself_acts_as_the_owner() -> None:
    beside = replace(REQUEST, turn="second", draining=True)
    assert words(beside, ALONE) == [
        "second login created",
        "second login made a member of the owner",
        "second login set to act as the owner",
    ]
    assert words(beside, replace(ALONE, second=MEMBER)) == []


@pytest.mark.parametrize("turn", ["first", "second"])
def test_login_that_is_not_in_use_is_locked_and_stays_locked(turn: Turn) -> None:
    both = replace(APART, second=SECOND)
    names = {"first": "second login", "second": "runtime role"}
    wanted = replace(SEPARATE, turn=turn)
    assert words(wanted, both) == [f"{names[turn]} locked"]
    left = {
        "first": replace(both, second=replace(SECOND, can_login=False)),
        "second": replace(both, runtime=replace(LOGIN, can_login=False)),
    }
    assert words(wanted, left[turn]) == []


@pytest.mark.parametrize("draining", [LOGIN, replace(LOGIN, can_login=False)])
def test_login_that_is_being_left_is_neither_locked_nor_opened(draining: RoleState) -> None:
    found = replace(APART, runtime=draining, second=SECOND)
    assert words(replace(SEPARATE, turn="second", draining=True), found) == []


def test_login_is_locked_without_its_password_so_that_unlocking_brings_no_old_one_back() -> None:
    (repair,) = plan_repairs(SEPARATE, replace(APART, second=SECOND))
    assert [statement.template for statement in repair.statements] == ["ALTER ROLE %I NOLOGIN PASSWORD NULL"]


def test_lifts_a_connection_limit_that_is_no_longer_asked_for() -> None:
    limited = replace(ALONE, runtime=replace(MEMBER, connection_limit=7))
    assert words(replace(REQUEST, connection_limit=7), limited) == []
    assert words(REQUEST, limited) == ["runtime role connection limit set"]


@pytest.mark.parametrize("mark", [None, "", "shop/orders", "fastapi-fleet: shop/orders2", "fastapi-fleet: shop/order"])
@pytest.mark.parametrize("part", ["owner", "runtime", "second", "migrator"])
def test_refuses_a_role_of_another_mark(part: str, mark: str | None) -> None:
    foreign = replace(LOGIN, mark=mark)
    found = {
        "owner": replace(NOTHING, owner=foreign),
        "runtime": replace(NOTHING, runtime=foreign),
        "second": replace(NOTHING, second=foreign),
        "migrator": replace(NOTHING, migrator=foreign),
    }[part]
    with pytest.raises(NotOwnedError, match=f"role '{getattr(ROLES, part)}'"):
        plan_repairs(REQUEST, found)


@pytest.mark.parametrize("runtime", [None, LOGIN])
@pytest.mark.parametrize("adopt", [False, True])
def test_refuses_a_database_of_another_service(runtime: RoleState | None, *, adopt: bool) -> None:
    foreign = replace(DATABASE, mark="fastapi-fleet: shop/users", owner="users_role")
    with pytest.raises(NotOwnedError, match="database 'shop_orders'"):
        plan_repairs(replace(REQUEST, adopt=adopt), replace(NOTHING, runtime=runtime, database=foreign))


@pytest.mark.parametrize("runtime", [None, LOGIN])
def test_refuses_an_unmarked_database_that_no_own_role_owns(runtime: RoleState | None) -> None:
    found = replace(NOTHING, runtime=runtime, database=replace(DATABASE, mark=None, owner="postgres"))
    with pytest.raises(NotOwnedError, match="database 'shop_orders'"):
        plan_repairs(REQUEST, found)


def test_password_is_in_no_statement_and_no_repr() -> None:
    for found in (NOTHING, replace(APART, runtime=replace(LOGIN, password_fits=False))):
        repairs = plan_repairs(SEPARATE, found)
        arguments = [argument for repair in repairs for one in repair.statements for argument in one.arguments]
        assert not any(password in argument for argument in arguments for password in (PASSWORD, MIGRATOR_PASSWORD))
        assert "SCRAM-SHA-256$" not in repr(repairs)
    assert PASSWORD not in repr(SEPARATE)
    assert MIGRATOR_PASSWORD not in repr(SEPARATE)


@pytest.mark.parametrize("name", ["a", "a" * 63, "ü" * 31, 'o"; DROP', "*.*"])
def test_takes_names_that_fit(name: str) -> None:
    require_identifier(name)


@pytest.mark.parametrize("name", ["", "a" * 64, "ü" * 32, "nul\0"])
def test_refuses_names_that_the_server_would_cut(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 63 bytes"):
        replace(REQUEST, database=name)
    for part in ("owner", "runtime", "migrator"):
        with pytest.raises(ValueError, match="1 to 63 bytes"):
            replace(ROLES, **{part: name})
