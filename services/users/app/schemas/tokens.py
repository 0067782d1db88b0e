"""Requests and answers about tokens."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, SecretStr, StringConstraints

from app.schemas.users import MAX_PASSWORD_LENGTH

_Name = Annotated[str, StringConstraints(max_length=320, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Secret = Annotated[SecretStr, Field(max_length=MAX_PASSWORD_LENGTH)]


class TokenRequest(BaseModel):
    """The form of RFC 6749: `username` and `password` of a user, or a client's id and secret.

    A client may send its id and secret by the scheme Basic instead. What else is in the form is ignored.
    """

    grant_type: Literal["password", "client_credentials"]
    username: Annotated[_Name, Field(description="The e-mail address, for the grant `password`")] = ""
    password: _Secret = SecretStr("")
    client_id: Annotated[_Name, Field(description="For the grant `client_credentials`")] = ""
    client_secret: _Secret = SecretStr("")


class Token(BaseModel):
    """A token to send as `Authorization: Bearer <access_token>`, good for `expires_in` seconds."""

    access_token: Annotated[str, Field(repr=False)]
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the name of a kind
    expires_in: int


class JsonWebKey(BaseModel):
    """An Ed25519 key that verifies tokens (RFC 8037)."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    kid: str
    use: Literal["sig"]
    alg: Literal["EdDSA"]


class JsonWebKeySet(BaseModel):
    """The keys that verify tokens; there is none where the secret is shared (HS256)."""

    keys: list[JsonWebKey]
