from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from fleetkit.auth.keys import PublicKeys, SharedSecret, VerificationKey, json_web_key
from fleetkit.auth.principal import Principal
from fleetkit.auth.settings import TokenSettings
from fleetkit.auth.verifier import CACHE_SECONDS, CACHE_SIZE, MAX_TOKEN_LENGTH, TokenVerifier
from fleetkit.problems import UnauthorizedError
from fleetkit.testing.tokens import JWT_KEY, make_token
from pydantic import SecretStr

from .forgery import (
    KID,
    OTHER_KEY,
    SIGNING_KEY,
    by_secret,
    claims,
    eddsa_token,
    half_signed,
    part,
    public_pem,
    token,
    unsigned,
)

Forge = Callable[[], str]
KEYS = {KID: SIGNING_KEY.public_key()}
PUBLIC_JWK = str(json_web_key(SIGNING_KEY.public_key())["x"])


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).timestamp()

    def __call__(self) -> float:
        return self.now


def by_shared_secret(clock: Clock | None = None) -> TokenVerifier:
    settings = TokenSettings(jwt_secret=SecretStr(JWT_KEY))
    return TokenVerifier(SharedSecret(SecretStr(JWT_KEY)), settings, clock=clock or Clock())


def by_public_key() -> TokenVerifier:
    return TokenVerifier(PublicKeys(KEYS), TokenSettings(jwt_algorithm="EdDSA"))


def seconds_from_now(seconds: int) -> int:
    return int(datetime.now(UTC).timestamp()) + seconds


def altered(text: str, position: int, replacement: str) -> str:
    parts = text.split(".")
    parts[position] = replacement
    return ".".join(parts)


# What a verifier by a shared secret has to refuse: who made the token had the secret only where that is said.
REFUSED_BY_SECRET: dict[str, Forge] = {
    "nothing": lambda: "",
    "one part": lambda: "token",
    "two parts": lambda: ".".join(token(claims()).split(".")[:2]),
    "four parts": lambda: token(claims()) + ".more",
    "empty parts": lambda: "..",
    "no base64": lambda: "!!!.???.$$$",
    "no text": lambda: "\x00\ufffe.\ud7ff.é",
    "header that is no JSON": lambda: altered(token(claims()), 0, part(b"{alg")),
    "header that is a list": lambda: altered(token(claims()), 0, part(["HS256"])),
    "header without algorithm": lambda: token(claims(), {"typ": "JWT"}),
    "header with a number for algorithm": lambda: token(claims(), {"alg": 256}),
    "header with a list of algorithms": lambda: token(claims(), {"alg": ["HS256"]}),
    "header of deep nesting": lambda: altered(token(claims()), 0, part(b"[" * 2000)),
    "claims that are no JSON": lambda: token(b"{exp"),
    "claims that are a list": lambda: token(["sub"]),
    "claims that are null": lambda: token(None),
    "algorithm none, unsigned": lambda: token(claims(), {"alg": "none"}, unsigned),
    "algorithm None, unsigned": lambda: token(claims(), {"alg": "None"}, unsigned),
    "algorithm NONE, unsigned": lambda: token(claims(), {"alg": "NONE"}, unsigned),
    "algorithm none, signed": lambda: token(claims(), {"alg": "none"}),
    "algorithm empty": lambda: token(claims(), {"alg": ""}, unsigned),
    "algorithm in small letters": lambda: token(claims(), {"alg": "hs256"}),
    "algorithm HS384 with the secret": lambda: token(claims(), {"alg": "HS384"}, by_secret(digest="sha384")),
    "algorithm HS512 with the secret": lambda: token(claims(), {"alg": "HS512"}, by_secret(digest="sha512")),
    "algorithm RS256": lambda: token(claims(), {"alg": "RS256"}),
    "algorithm EdDSA with a key of its own": lambda: eddsa_token(claims()),
    "unknown algorithm": lambda: token(claims(), {"alg": "HS257"}),
    "another secret": lambda: token(claims(), sign=by_secret("x" * 32)),
    "empty secret": lambda: token(claims(), sign=by_secret("")),
    "no signature": lambda: token(claims(), sign=unsigned),
    "half a signature": lambda: token(claims(), sign=half_signed),
    "signature of another token": lambda: altered(token(claims()), 2, token(claims()).split(".")[2]),
    "claims of another token": lambda: altered(token(claims()), 1, token(claims(roles=["admin"])).split(".")[1]),
    "critical extension": lambda: token(claims(), {"alg": "HS256", "crit": ["exp"], "exp": 1}),
    "detached payload": lambda: token(claims(), {"alg": "HS256", "b64": False, "crit": ["b64"]}),
    "key id that is a number": lambda: token(claims(), {"alg": "HS256", "kid": 1}),
    "wrong issuer": lambda: token(claims(iss="https://elsewhere")),
    "issuers as a list": lambda: token(claims(iss=["fastapi-fleet"])),
    "no issuer": lambda: token(claims(iss=...)),
    "wrong audience": lambda: token(claims(aud="elsewhere")),
    "audience among others": lambda: token(claims(aud=["elsewhere", "fastapi-fleet"])),
    "audience with more after it": lambda: token(claims(aud="fastapi-fleet.elsewhere")),
    "no audience": lambda: token(claims(aud=...)),
    "expired": lambda: token(claims(exp=seconds_from_now(-31))),
    "expired in 1970": lambda: token(claims(exp=0)),
    "no expiry": lambda: token(claims(exp=...)),
    "expiry null": lambda: token(claims(exp=None)),
    "expiry as text": lambda: token(claims(exp="9999999999")),
    "expiry that never comes": lambda: token(claims(exp=float("inf"))),
    "expiry that is no number": lambda: token(claims(exp=float("nan"))),
    "expiry as a list": lambda: token(claims(exp=[9999999999])),
    "not yet": lambda: token(claims(nbf=seconds_from_now(60))),
    "no begin": lambda: token(claims(nbf=...)),
    "issued in the future": lambda: token(claims(iat=seconds_from_now(60))),
    "no time of issue": lambda: token(claims(iat=...)),
    "no subject": lambda: token(claims(sub=...)),
    "empty subject": lambda: token(claims(sub="")),
    "subject that is a number": lambda: token(claims(sub=1)),
    "subject without end": lambda: token(claims(sub="x" * 201)),
    "no id": lambda: token(claims(jti=...)),
    "no roles": lambda: token(claims(roles=...)),
    "roles as text": lambda: token(claims(roles="admin")),
    "roles that are numbers": lambda: token(claims(roles=[1])),
    "too many roles": lambda: token(claims(roles=["member"] * 17)),
    "oversized": lambda: token(claims(more="x" * MAX_TOKEN_LENGTH)),
}

# What a verifier by public keys has to refuse: anybody knows those keys.
REFUSED_BY_PUBLIC_KEY: dict[str, Forge] = {
    "none": lambda: eddsa_token(claims(), {"alg": "none", "kid": KID}, unsigned),
    "HS256 with the PEM as secret": lambda: token(
        claims(), {"alg": "HS256", "kid": KID}, by_secret(public_pem(SIGNING_KEY))
    ),
    "HS256 with the JWK as secret": lambda: token(claims(), {"alg": "HS256", "kid": KID}, by_secret(PUBLIC_JWK)),
    "HS256 with the shared secret of others": lambda: token(claims()),
    "RS256": lambda: eddsa_token(claims(), {"alg": "RS256", "kid": KID}),
    "ES256": lambda: eddsa_token(claims(), {"alg": "ES256", "kid": KID}),
    "Ed448": lambda: eddsa_token(claims(), {"alg": "Ed448", "kid": KID}),
    "key of somebody else": lambda: eddsa_token(claims(), sign=OTHER_KEY.sign),
    "key of somebody else in the header": lambda: eddsa_token(
        claims(), {"alg": "EdDSA", "kid": KID, "jwk": json_web_key(OTHER_KEY.public_key())}, OTHER_KEY.sign
    ),
    "address of keys in the header": lambda: eddsa_token(
        claims(), {"alg": "EdDSA", "kid": "mine", "jku": "http://elsewhere/jwks.json"}, OTHER_KEY.sign
    ),
    "no key id": lambda: eddsa_token(claims(), {"alg": "EdDSA"}),
    "empty key id": lambda: eddsa_token(claims(), {"alg": "EdDSA", "kid": ""}),
    "key id null": lambda: eddsa_token(claims(), {"alg": "EdDSA", "kid": None}),
    "key id that is a number": lambda: eddsa_token(claims(), {"alg": "EdDSA", "kid": 7}),
    "key id that is a list": lambda: eddsa_token(claims(), {"alg": "EdDSA", "kid": [KID]}),
    "key id that is a path": lambda: eddsa_token(
        claims(), {"alg": "EdDSA", "kid": "../../../../dev/null"}, by_secret("")
    ),
    "key id that is a query": lambda: eddsa_token(claims(), {"alg": "EdDSA", "kid": "' UNION SELECT 'key' --"}),
    "key id with a zero byte": lambda: eddsa_token(claims(), {"alg": "EdDSA", "kid": f"{KID}\x00"}),
    "signature cut": lambda: eddsa_token(claims(), sign=lambda text: SIGNING_KEY.sign(text)[:-1]),
    "signature of zeros": lambda: eddsa_token(claims(), sign=lambda _: bytes(64)),
    "expired": lambda: eddsa_token(claims(exp=seconds_from_now(-31))),
    "wrong audience": lambda: eddsa_token(claims(aud="elsewhere")),
    "wrong issuer": lambda: eddsa_token(claims(iss="elsewhere")),
}


@pytest.mark.parametrize("forge", REFUSED_BY_SECRET.values(), ids=REFUSED_BY_SECRET)
async def test_refuses_by_the_shared_secret(forge: Forge) -> None:
    with pytest.raises(UnauthorizedError):
        await by_shared_secret().verify(forge())


@pytest.mark.parametrize("forge", REFUSED_BY_PUBLIC_KEY.values(), ids=REFUSED_BY_PUBLIC_KEY)
async def test_refuses_by_public_keys(forge: Forge) -> None:
    with pytest.raises(UnauthorizedError):
        await by_public_key().verify(forge())


async def test_the_tables_forge_nothing_but_what_they_say() -> None:
    user_id = uuid4()
    for verifier, good in ((by_shared_secret(), token), (by_public_key(), eddsa_token)):
        principal = await verifier.verify(good(claims(sub=str(user_id), roles=["member", "admin"])))
        assert principal == Principal(str(user_id), frozenset({"member", "admin"}))
        assert principal.user_id == user_id


@pytest.mark.parametrize(("claim", "seconds"), [("exp", -5), ("nbf", 5), ("iat", 5)])
async def test_clocks_may_differ_by_some_seconds(claim: str, seconds: int) -> None:
    principal = await by_shared_secret().verify(token(claims(**{claim: seconds_from_now(seconds)})))
    assert principal.roles == {"member"}


async def test_the_answer_to_a_bad_token_says_so_without_the_token() -> None:
    forged = token(claims(), sign=unsigned)
    with pytest.raises(UnauthorizedError) as caught:
        await by_shared_secret().verify(forged)
    assert caught.value.headers() == {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    assert forged not in repr(caught.value)
    assert caught.value.__cause__ is None


async def test_a_service_is_no_user() -> None:
    principal = await by_shared_secret().verify(make_token(Principal.of_service("orders")))
    assert principal == Principal("service:orders", frozenset({"service"}))
    assert principal.user_id is None


class CountingKeys(SharedSecret):
    """Counts how often a signature is verified."""

    def __init__(self) -> None:
        super().__init__(SecretStr(JWT_KEY))
        self.asked = 0

    async def find(self, kid: str | None) -> VerificationKey | None:
        self.asked += 1
        return await super().find(kid)


async def test_verifies_a_token_again_after_a_minute_and_not_before() -> None:
    keys, clock, good = CountingKeys(), Clock(), token(claims())
    verifier = TokenVerifier(keys, TokenSettings(jwt_secret=SecretStr(JWT_KEY)), clock=clock)
    for _ in range(3):
        await verifier.verify(good)
    assert keys.asked == 1
    clock.now += CACHE_SECONDS
    await verifier.verify(good)
    assert keys.asked == 2


async def test_remembers_no_token_past_its_expiry() -> None:
    keys, clock = CountingKeys(), Clock()
    verifier = TokenVerifier(keys, TokenSettings(jwt_secret=SecretStr(JWT_KEY)), clock=clock)
    good = token(claims(exp=int(clock.now) + 5))
    await verifier.verify(good)
    clock.now += 6
    await verifier.verify(good)
    assert keys.asked == 2


async def test_remembers_a_bounded_number_of_tokens() -> None:
    keys = CountingKeys()
    verifier = TokenVerifier(keys, TokenSettings(jwt_secret=SecretStr(JWT_KEY)))
    first = token(claims())
    await verifier.verify(first)
    for _ in range(CACHE_SIZE):
        await verifier.verify(token(claims()))
    await verifier.verify(first)
    assert keys.asked == CACHE_SIZE + 2
