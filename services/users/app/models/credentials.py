"""What proves who somebody is; apart from users, so that no answer or event has it by accident."""

from dataclasses import dataclass, field
from uuid import UUID

from pydantic import SecretStr

from app.models.user import Role


@dataclass(frozen=True)
class Login:
    """Who logs in by an e-mail address, and the hash of the password: None where there is no password."""

    user_id: UUID
    role: Role
    password_hash: str | None = field(repr=False)


@dataclass(frozen=True)
class PasswordChange:
    """A new password, with the one before as who asks knows it."""

    new: SecretStr
    current: SecretStr | None


@dataclass(frozen=True)
class HashChange:
    """The hash of a new password, in place of the one that was verified: of whichever there is where that is None."""

    hash: str = field(repr=False)
    in_place_of: str | None = field(repr=False)
