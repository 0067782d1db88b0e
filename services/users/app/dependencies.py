"""What endpoints depend on: the only reader of the request's state.

Each is `async def`: FastAPI runs a plain function in a thread, which costs more than most requests.
"""

from typing import Annotated

from fastapi import Depends, Request
from fleetkit.auth.dependencies import BearerToken, ForPrincipal
from fleetkit.auth.principal import ADMIN, SERVICE, Principal
from fleetkit.auth.signer import TokenSigner

from app.services.tokens import TokenService
from app.services.user_access import UserAccess
from app.services.users import UserService


async def get_user_service(request: Request) -> UserService:
    """The user service of this application."""
    service: UserService = request.state.user_service
    return service


async def get_token_service(request: Request) -> TokenService:
    """What gives tokens in this application."""
    service: TokenService = request.state.token_service
    return service


async def get_signer(request: Request) -> TokenSigner:
    """What signs the tokens of this application."""
    signer: TokenSigner = request.state.token_signer
    return signer


def _user_access(request: Request, principal: Principal) -> UserAccess:
    return UserAccess(request.state.user_service, principal)


get_user_access = ForPrincipal(_user_access)
Users = Annotated[UserService, Depends(get_user_service)]
Tokens = Annotated[TokenService, Depends(get_token_service)]
Signer = Annotated[TokenSigner, Depends(get_signer)]
AccessToUsers = Annotated[UserAccess, Depends(get_user_access)]
AdminOrService = Annotated[Principal, Depends(BearerToken(ADMIN, SERVICE))]
