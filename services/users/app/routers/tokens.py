"""Endpoints that give tokens and show what verifies them."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from fleetkit.problems import TooManyRequestsError, declare_problem, problem_responses
from pydantic import SecretStr

from app.dependencies import Signer, Tokens
from app.schemas.tokens import JsonWebKeySet, Token, TokenRequest
from app.services.tokens import InvalidGrantError

router = APIRouter(tags=["tokens"])
_ClientCredentials = Annotated[HTTPBasicCredentials | None, Depends(HTTPBasic(auto_error=False))]


@router.post(
    "/auth/token",
    responses={
        # For a body that is no form at all.
        HTTPStatus.BAD_REQUEST.value: declare_problem(HTTPStatus.BAD_REQUEST),
        **problem_responses(InvalidGrantError, TooManyRequestsError),
    },
    openapi_extra={"security": [{}]},
)
async def create_token(
    request: Request,
    response: Response,
    form: Annotated[TokenRequest, Form()],
    client: _ClientCredentials,
    tokens: Tokens,
) -> Token:
    """Gives a token for a user's password or a client's secret.

    Where they are wrong, `code` is `invalid_grant` or `invalid_client`.
    """
    address = request.client.host if request.client else ""
    if form.grant_type == "password":
        issued = await tokens.for_user(form.username, form.password, address=address)
    elif client is not None:
        issued = await tokens.for_service(client.username, SecretStr(client.password), address=address)
    else:
        issued = await tokens.for_service(form.client_id, form.client_secret, address=address)
    response.headers["Cache-Control"] = "no-store"
    return Token(access_token=issued.token, expires_in=issued.expires_in)


@router.get("/.well-known/jwks.json")
async def list_keys(signer: Signer) -> JsonWebKeySet:
    """Shows the public keys that verify tokens."""
    return JsonWebKeySet.model_validate({"keys": signer.key_set()})
