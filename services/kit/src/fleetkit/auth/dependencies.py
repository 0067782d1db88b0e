"""Who asks, as endpoints depend on it: `async def` all the way, and no more than a look-up for a token seen before."""

from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from fleetkit.auth.principal import Principal, remember_subject
from fleetkit.auth.verifier import TokenVerifier
from fleetkit.problems import ForbiddenError, UnauthorizedError, problem_responses

T = TypeVar("T")
AUTH_RESPONSES = problem_responses(UnauthorizedError, ForbiddenError)
# Merged into the document of an endpoint that takes a token and needs none.
TOKEN_IS_OPTIONAL: dict[str, Any] = {"security": [{}]}


class _BearerScheme(SecurityBase):
    def __init__(self) -> None:
        self.model = HTTPBearer(bearerFormat="JWT", description="A token that the issuing service signed")
        self.scheme_name = "token"


class BearerToken(_BearerScheme):
    """The principal of the request's token, by `request.state.token_verifier`.

    Args:
        roles: the principal has to have one of them; any will do where there are none.
    """

    def __init__(self, *roles: str) -> None:
        super().__init__()
        self._roles = roles

    async def __call__(self, request: Request) -> Principal:
        """Reads and verifies the token.

        Raises:
            UnauthorizedError: there is none, or it is not to be believed.
            ForbiddenError: its principal has none of the roles.
        """
        principal = await _required_principal(request)
        if self._roles and not principal.has_any(*self._roles):
            raise ForbiddenError("This is for others")
        return principal


class ForPrincipal(_BearerScheme, Generic[T]):
    """What an endpoint works with, made for the principal of the request's token.

    It is one dependency where the principal and what it may use are two: resolving one takes longer than a look-up of a
    token does.

    Args:
        make: makes it, of the request for its state.
    """

    def __init__(self, make: Callable[[Request, Principal], T]) -> None:
        super().__init__()
        self._make = make

    async def __call__(self, request: Request) -> T:
        """Reads and verifies the token.

        Raises:
            UnauthorizedError: there is none, or it is not to be believed.
        """
        return self._make(request, await _required_principal(request))


class OptionalBearerToken(_BearerScheme):
    """The principal of the request's token, None where the request has no token."""

    async def __call__(self, request: Request) -> Principal | None:
        """Reads and verifies the token, if any.

        Raises:
            UnauthorizedError: it is not to be believed.
        """
        return await _principal(request)


CurrentPrincipal = Annotated[Principal, Depends(BearerToken())]
OptionalPrincipal = Annotated[Principal | None, Depends(OptionalBearerToken())]


async def _required_principal(request: Request) -> Principal:
    principal = await _principal(request)
    if principal is None:
        raise UnauthorizedError("This needs a token")
    return principal


async def _principal(request: Request) -> Principal | None:
    authorization = request.headers.get("Authorization")
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise UnauthorizedError("This needs a token of the scheme Bearer")
    verifier: TokenVerifier = request.state.token_verifier
    principal = await verifier.verify(token.strip())
    remember_subject(principal.subject)
    return principal
