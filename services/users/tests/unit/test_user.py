from uuid import uuid4

import pytest
from app.models.user import Role, User, UserChange

ADA = User(id=uuid4(), email="ada@example.com", name="Ada", role=Role.MEMBER, order_count=2)


def test_no_change_leaves_a_user_as_it_is() -> None:
    assert UserChange().of(ADA) == ADA


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (UserChange(email="a@example.com"), User(ADA.id, "a@example.com", "Ada", Role.MEMBER, 2)),
        (UserChange(name="Lady Ada"), User(ADA.id, "ada@example.com", "Lady Ada", Role.MEMBER, 2)),
        (UserChange(role=Role.ADMIN), User(ADA.id, "ada@example.com", "Ada", Role.ADMIN, 2)),
    ],
)
def test_a_change_touches_nothing_else(change: UserChange, expected: User) -> None:
    assert change.of(ADA) == expected
