"""A signing key is exchanged while tokens are in use: its signers and verifiers of all stages run side by side."""

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fleetkit.auth.jwks import FETCH_PAUSE_SECONDS, MAX_AGE_SECONDS, RemoteKeys
from fleetkit.auth.principal import Principal
from fleetkit.auth.settings import SignerSettings, TokenSettings
from fleetkit.auth.signer import TokenSigner
from fleetkit.auth.verifier import TokenVerifier
from fleetkit.problems import UnauthorizedError
from fleetkit.testing import eventually

from .forgery import OTHER_KEY, SIGNING_KEY, private_pem

ORDERS = Principal.of_service("orders")


def signer(key: Ed25519PrivateKey, other: Ed25519PrivateKey | None) -> TokenSigner:
    keys = {"jwt_private_key": private_pem(key), "jwt_other_private_key": private_pem(other) if other else ""}
    return TokenSigner(SignerSettings.model_validate({"jwt_algorithm": "EdDSA", **keys}))


BEFORE = signer(SIGNING_KEY, None)
PUBLISHED = signer(SIGNING_KEY, OTHER_KEY)
SIGNING = signer(OTHER_KEY, SIGNING_KEY)
AFTER = signer(OTHER_KEY, None)


class Verifier:
    """A service elsewhere, whose requests for keys are answered by the signer that `asks` names."""

    def __init__(self) -> None:
        self.asks = BEFORE
        self.now = 1000.0
        keys = RemoteKeys("http://users/keys", transport=httpx2.MockTransport(self._answer), clock=lambda: self.now)
        self._verifier = TokenVerifier(keys, TokenSettings(jwt_algorithm="EdDSA"))

    async def _answer(self, _: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"keys": self.asks.key_set()})

    async def accepts(self, signer: TokenSigner) -> bool:
        """Whether a fresh token is believed."""
        try:
            await self._verifier.verify(signer.sign(ORDERS).token)
        except UnauthorizedError:
            return False
        return True


@pytest.mark.parametrize(
    ("old", "new"), [(BEFORE, PUBLISHED), (PUBLISHED, SIGNING), (SIGNING, AFTER)], ids=["publish", "sign", "drop"]
)
async def test_pods_of_two_stages_in_a_row_believe_each_others_tokens(old: TokenSigner, new: TokenSigner) -> None:
    assert await old.verifier().verify(new.sign(ORDERS).token) == ORDERS
    assert await new.verifier().verify(old.sign(ORDERS).token) == ORDERS


async def test_a_key_that_signs_before_it_was_published_is_refused_by_pods_that_were_there() -> None:
    with pytest.raises(UnauthorizedError):
        await BEFORE.verifier().verify(SIGNING.sign(ORDERS).token)


async def test_verifiers_accept_every_token_while_both_keys_are_published_and_none_of_a_dropped_one() -> None:
    verifier = Verifier()
    assert await verifier.accepts(BEFORE)
    verifier.asks = PUBLISHED
    # Old and new pods answer by turns; the time for which the next key is published has passed when it signs.
    for asks, signs in ((BEFORE, PUBLISHED), (PUBLISHED, BEFORE), (PUBLISHED, PUBLISHED)):
        verifier.asks = asks
        verifier.now += 1
        assert await verifier.accepts(signs)
    verifier.now += FETCH_PAUSE_SECONDS
    for asks in (PUBLISHED, SIGNING):
        verifier.asks = asks
        for signs in (PUBLISHED, SIGNING):
            verifier.now += 1
            assert await verifier.accepts(signs)
    verifier.asks = AFTER
    verifier.now += MAX_AGE_SECONDS + 1
    assert await verifier.accepts(AFTER)

    async def is_refused() -> bool:
        return not await verifier.accepts(BEFORE)

    await eventually(is_refused)
    assert await verifier.accepts(AFTER)
