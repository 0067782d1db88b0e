"""Tokens for tests: no service that signs them is needed."""

from uuid import UUID

from pydantic import SecretStr

from fleetkit.auth.principal import MEMBER, Principal
from fleetkit.auth.settings import SignerSettings
from fleetkit.auth.signer import TokenSigner

# The value of `jwt_secret` in tests.
JWT_KEY = "known to every test and to nothing else"


def make_token(principal: Principal) -> str:
    """A token of `principal` that is good for an hour, signed with `JWT_KEY` by HS256."""
    return TokenSigner(SignerSettings(jwt_secret=SecretStr(JWT_KEY))).sign(principal).token


def bearer(principal: Principal) -> dict[str, str]:
    """The headers of a request that comes with such a token."""
    return {"Authorization": f"Bearer {make_token(principal)}"}


def user_headers(user_id: UUID | str, role: str = MEMBER) -> dict[str, str]:
    """The headers of a request of a user."""
    return bearer(Principal(str(user_id), frozenset({role})))


def service_headers(name: str) -> dict[str, str]:
    """The headers of a request that another service makes for itself."""
    return bearer(Principal.of_service(name))
