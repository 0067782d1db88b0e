from dataclasses import replace

import pytest
from fastapi_fleet.backends.passwords import make_scram_verifier
from fastapi_fleet.backends.postgres_repairs import (
    DatabaseRequest,
    DatabaseState,
    RoleState,
    plan_repairs,
    require_identifier,
)
from fastapi_fleet.errors import NotOwnedError

PASSWORD = "s3cret-of-orders"
REQUEST = DatabaseRequest(database="shop_orders", role="orders_role", password=PASSWORD, owner="shop/orders")
MARK = "fastapi-fleet: shop/orders"
ROLE = RoleState(
    can_login=True,
    privileged=False,
    connection_limit=-1,
    verifier=make_scram_verifier(PASSWORD),
    expires=False,
    mark=MARK,
)
DATABASE = DatabaseState(owner="orders_role", open_to_public=False, owner_restricted=False, mark=MARK)


def words(request: DatabaseRequest, role: RoleState | None, database: DatabaseState | None) -> list[str]:
    return [repair.words for repair in plan_repairs(request, role, database)]


def test_plans_nothing_when_all_is_as_wanted() -> None:
    assert words(REQUEST, ROLE, DATABASE) == []


def test_plans_role_before_database_when_neither_is_there() -> None:
    assert words(REQUEST, None, None) == [
        "role created",
        "database created",
        "database marked",
        "public access revoked",
    ]


@pytest.mark.parametrize(
    ("role", "repair"),
    [
        (replace(ROLE, can_login=False), "role unlocked"),
        (replace(ROLE, privileged=True), "role privileges removed"),
        (replace(ROLE, expires=True), "role expiry removed"),
        (replace(ROLE, connection_limit=3), "connection limit set"),
        (replace(ROLE, verifier=None), "password reset"),
        (replace(ROLE, verifier=make_scram_verifier("other")), "password reset"),
        (None, "role created"),
    ],
)
def test_plans_one_repair_for_each_drift_of_the_role(role: RoleState | None, repair: str) -> None:
    assert words(REQUEST, role, DATABASE) == [repair]


@pytest.mark.parametrize(
    ("database", "repair"),
    [
        (replace(DATABASE, owner="postgres"), "database owner set"),
        (replace(DATABASE, open_to_public=True), "public access revoked"),
        (replace(DATABASE, owner_restricted=True), "owner's rights restored"),
        (replace(DATABASE, mark=None), "database marked"),
    ],
)
def test_plans_one_repair_for_each_drift_of_the_database(database: DatabaseState, repair: str) -> None:
    assert words(REQUEST, ROLE, database) == [repair]


def test_lifts_a_connection_limit_that_is_no_longer_asked_for() -> None:
    assert words(replace(REQUEST, connection_limit=7), replace(ROLE, connection_limit=7), DATABASE) == []
    assert words(REQUEST, replace(ROLE, connection_limit=7), DATABASE) == ["connection limit set"]


def test_plans_all_repairs_at_once_when_much_has_drifted() -> None:
    role = replace(ROLE, can_login=False, privileged=True)
    database = replace(DATABASE, owner="postgres", open_to_public=True)
    assert words(REQUEST, role, database) == [
        "role privileges removed",
        "role unlocked",
        "database owner set",
        "public access revoked",
    ]


@pytest.mark.parametrize("mark", [None, "", "shop/orders", "fastapi-fleet: shop/orders2", "fastapi-fleet: shop/order"])
def test_refuses_a_role_of_another_mark(mark: str | None) -> None:
    with pytest.raises(NotOwnedError, match="role 'orders_role'"):
        plan_repairs(REQUEST, replace(ROLE, mark=mark), None)


@pytest.mark.parametrize("role", [None, ROLE])
def test_refuses_a_database_of_another_owner(role: RoleState | None) -> None:
    foreign = replace(DATABASE, mark="fastapi-fleet: shop/users", owner="users_role")
    with pytest.raises(NotOwnedError, match="database 'shop_orders'"):
        plan_repairs(REQUEST, role, foreign)


@pytest.mark.parametrize("role", [None, ROLE])
def test_refuses_an_unmarked_database_that_the_role_does_not_own(role: RoleState | None) -> None:
    with pytest.raises(NotOwnedError, match="database 'shop_orders'"):
        plan_repairs(REQUEST, role, replace(DATABASE, mark=None, owner="postgres"))


def test_password_is_in_no_statement_and_no_repr() -> None:
    for role in (None, replace(ROLE, verifier=None)):
        repairs = plan_repairs(REQUEST, role, None)
        arguments = [argument for repair in repairs for one in repair.statements for argument in one.arguments]
        assert not any(PASSWORD in argument for argument in arguments)
        assert "SCRAM-SHA-256$" not in repr(repairs)
    assert PASSWORD not in repr(REQUEST)
    assert "SCRAM-SHA-256$" not in repr(ROLE)


@pytest.mark.parametrize("name", ["a", "a" * 63, "ü" * 31, 'o"; DROP', "*.*"])
def test_takes_names_that_fit(name: str) -> None:
    require_identifier(name)


@pytest.mark.parametrize("name", ["", "a" * 64, "ü" * 32, "nul\0"])
def test_refuses_names_that_the_server_would_cut(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 63 bytes"):
        replace(REQUEST, database=name)
    with pytest.raises(ValueError, match="1 to 63 bytes"):
        replace(REQUEST, role=name)
