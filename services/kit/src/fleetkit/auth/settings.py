"""Settings of tokens: who signs them, who verifies them."""

from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from fleetkit.auth.keys import InvalidKeyMaterialError, private_key, public_keys
from fleetkit.settings import ServiceUrl

MIN_SECRET_BYTES = 32  # RFC 7518, 3.2: a key of the hash's size or larger
Value = TypeVar("Value")
Algorithm = Literal["HS256", "EdDSA"]


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value().encode()) < MIN_SECRET_BYTES:
        raise ValueError(f"must have {MIN_SECRET_BYTES} bytes or more")
    return secret


def _ed25519(pem: SecretStr) -> SecretStr:
    try:
        private_key(pem)
    except InvalidKeyMaterialError as error:
        raise ValueError(str(error)) from None
    return pem


def _none_for_empty(pem: object) -> object:
    # A variable that is empty most of the time, because there is one key.
    return None if pem == "" else pem


def _all_ed25519(pem: str) -> str:
    try:
        public_keys(pem)
    except InvalidKeyMaterialError as error:
        raise ValueError(str(error)) from None
    return pem


PrivateKey = Annotated[SecretStr, AfterValidator(_ed25519)]


class TokenSettings(BaseSettings):
    """What signer and verifiers have to agree on. The algorithm is the only one that is accepted.

    `JWT_SECRET` is shared by all with HS256, and has 32 bytes or more; with EdDSA nobody has it.
    """

    jwt_algorithm: Algorithm = "HS256"
    jwt_secret: Annotated[SecretStr, AfterValidator(_long_enough)] | None = Field(default=None, validate_default=True)
    jwt_issuer: Annotated[str, Field(min_length=1)] = "fastapi-fleet"
    jwt_audience: Annotated[str, Field(min_length=1)] = "fastapi-fleet"

    @field_validator("jwt_secret")
    @classmethod
    def _is_there_for_hs256(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        return _required(value, info, "HS256")


class VerifierSettings(TokenSettings):
    """A service that verifies tokens which another one signs. With EdDSA, `JWT_JWKS_URL` says where its keys are."""

    jwt_jwks_url: ServiceUrl | None = Field(default=None, validate_default=True)

    @field_validator("jwt_jwks_url")
    @classmethod
    def _is_there_for_eddsa(cls, value: ServiceUrl | None, info: ValidationInfo) -> ServiceUrl | None:
        return _required(value, info, "EdDSA")


class SignerSettings(TokenSettings):
    """The service that signs.

    With EdDSA, `JWT_PRIVATE_KEY` is an Ed25519 key in PEM, and `JWT_PREVIOUS_PUBLIC_KEYS` holds the public keys, in
    PEM one after the other, whose tokens are still accepted after the private key was exchanged.
    `JWT_OTHER_PRIVATE_KEY` is the next key or the one before, or empty: it is shown, its tokens are accepted, and
    nobody signs by it.
    """

    jwt_private_key: PrivateKey | None = Field(default=None, validate_default=True)
    jwt_other_private_key: Annotated[PrivateKey | None, BeforeValidator(_none_for_empty)] = None
    jwt_previous_public_keys: Annotated[str, AfterValidator(_all_ed25519)] = ""
    token_expiry_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 60

    @field_validator("jwt_private_key")
    @classmethod
    def _is_there_for_eddsa(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        return _required(value, info, "EdDSA")


def _required(value: Value, info: ValidationInfo, algorithm: Algorithm) -> Value:
    if value is None and info.data.get("jwt_algorithm") == algorithm:
        raise ValueError(f"is required where JWT_ALGORITHM is {algorithm}")
    return value
