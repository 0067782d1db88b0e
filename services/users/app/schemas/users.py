"""Requests and answers about users."""

from typing import Annotated
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    SecretStr,
    StringConstraints,
    with_config,
)
from pydantic_core import PydanticKnownError
from typing_extensions import TypedDict

from app.models.user import Role

MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 128


def _refuse_half_characters(secret: SecretStr) -> SecretStr:
    """JSON can hold halves of a surrogate pair, which no encoding has: text is checked for them, secrets are not."""
    try:
        secret.get_secret_value().encode()
    except UnicodeEncodeError:
        raise PydanticKnownError("string_unicode") from None
    return secret


Name = Annotated[
    str,
    # Control characters have no place in a name, and PostgreSQL cannot store the first of them.
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$"),
    Field(examples=["Ada Lovelace"]),
]
Email = Annotated[EmailStr, Field(examples=["ada@example.com"])]
Secret = Annotated[SecretStr, AfterValidator(_refuse_half_characters)]
Password = Annotated[Secret, Field(min_length=MIN_PASSWORD_LENGTH, max_length=MAX_PASSWORD_LENGTH)]


class UserCreate(BaseModel):
    """A user to register."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    name: Name
    role: Annotated[Role, Field(description="Only an admin makes an admin")] = Role.MEMBER
    password: Annotated[Password | None, Field(description="Without one the user gets no token")] = None


@with_config(ConfigDict(extra="forbid"))
class UserUpdate(TypedDict, total=False):
    """What to change of a user. What is left out stays as it is; nothing of a user can be null."""

    email: Email
    name: Name
    role: Annotated[Role, Field(description="Only an admin gives roles")]
    password: Password
    current_password: Annotated[
        Secret, Field(max_length=MAX_PASSWORD_LENGTH, description="Needed for a new password where there is one")
    ]


class UserCreated(BaseModel):
    """A user just registered."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str
    name: str
    role: Role


class UserRead(UserCreated):
    """A user, with what is known of their orders."""

    order_count: Annotated[
        int, Field(description="Orders placed and neither cancelled nor rejected, as far as their events have arrived")
    ]


class UserPage(BaseModel):
    """Some users."""

    model_config = ConfigDict(from_attributes=True)

    items: list[UserRead]
    next_cursor: Annotated[str | None, Field(description="`cursor` of the next page, null where this is the last")]
