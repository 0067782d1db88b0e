from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
from fleetkit.auth.principal import Principal
from fleetkit.auth.settings import SignerSettings
from fleetkit.auth.signer import TokenSigner
from fleetkit.problems import UnauthorizedError
from fleetkit.testing.tokens import JWT_KEY
from pydantic import SecretStr

from .forgery import KID, OTHER_KEY, SIGNING_KEY, private_pem, public_pem

ADA = Principal.of_user(uuid4(), "member")
SHARED = SignerSettings(jwt_secret=SecretStr(JWT_KEY))
KEYS = SignerSettings(jwt_algorithm="EdDSA", jwt_private_key=SecretStr(private_pem(SIGNING_KEY)))


@pytest.mark.parametrize("settings", [SHARED, KEYS])
async def test_verifies_what_it_signs(settings: SignerSettings) -> None:
    signer = TokenSigner(settings)
    assert await signer.verifier().verify(signer.sign(ADA).token) == ADA


def test_a_token_says_what_is_asked_for_and_is_good_for_the_configured_time() -> None:
    issued = TokenSigner(SHARED.model_copy(update={"token_expiry_minutes": 5})).sign(ADA)
    claims = jwt.decode(issued.token, JWT_KEY, algorithms=["HS256"], audience="fastapi-fleet")
    assert issued.expires_in == timedelta(minutes=5).total_seconds() == claims["exp"] - claims["iat"]
    assert set(claims) == {"iss", "aud", "sub", "roles", "iat", "nbf", "exp", "jti"}
    assert (claims["iss"], claims["sub"], claims["roles"]) == ("fastapi-fleet", ADA.subject, ["member"])


def test_shows_no_token_in_its_representation() -> None:
    issued = TokenSigner(SHARED).sign(ADA)
    assert issued.token not in repr(issued)


def test_no_two_tokens_have_the_same_id() -> None:
    signer = TokenSigner(SHARED)
    assert signer.sign(ADA).token != signer.sign(ADA).token


def test_names_its_key_and_shows_the_public_part_alone() -> None:
    signer = TokenSigner(KEYS)
    assert jwt.get_unverified_header(signer.sign(ADA).token) == {"alg": "EdDSA", "typ": "JWT", "kid": KID}
    (key,) = signer.key_set()
    assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}
    assert key["kid"] == KID


def test_shows_no_key_where_the_secret_is_shared() -> None:
    assert TokenSigner(SHARED).key_set() == []


async def test_after_an_exchange_tokens_of_the_key_before_are_accepted_where_it_is_named() -> None:
    old = TokenSigner(KEYS).sign(ADA).token
    exchanged = {"jwt_algorithm": "EdDSA", "jwt_private_key": private_pem(OTHER_KEY)}
    with pytest.raises(UnauthorizedError):
        await TokenSigner(SignerSettings.model_validate(exchanged)).verifier().verify(old)
    both = SignerSettings.model_validate({**exchanged, "jwt_previous_public_keys": public_pem(SIGNING_KEY)})
    signer = TokenSigner(both)
    assert await signer.verifier().verify(old) == ADA
    assert await signer.verifier().verify(signer.sign(ADA).token) == ADA
    assert [key["kid"] for key in signer.key_set()][1] == KID
