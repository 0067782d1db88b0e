import base64
import hashlib

import pytest
from fastapi_fleet.backends.passwords import (
    make_rabbitmq_hash,
    make_scram_verifier,
    matches_rabbitmq_hash,
    matches_scram_verifier,
    require_password,
)
from hypothesis import given
from hypothesis import strategies as st

# salt, iterations and password are those of the example in RFC 7677
RFC_7677_VERIFIER = (
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
    "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
)
# the worked example of RabbitMQ's guide on passwords
RABBITMQ_GUIDE_HASH = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"

passwords = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1)


def test_scram_verifier_agrees_with_the_standard() -> None:
    assert matches_scram_verifier("pencil", RFC_7677_VERIFIER)


def test_rabbitmq_hash_agrees_with_the_guide() -> None:
    assert matches_rabbitmq_hash("test12", RABBITMQ_GUIDE_HASH)


@given(password=passwords, other=passwords)
def test_verifier_matches_its_own_password_only(password: str, other: str) -> None:
    verifier = make_scram_verifier(password)
    assert matches_scram_verifier(password, verifier)
    assert matches_scram_verifier(other, verifier) is (other == password)


@given(password=passwords, other=passwords)
def test_hash_matches_its_own_password_only(password: str, other: str) -> None:
    password_hash = make_rabbitmq_hash(password)
    assert matches_rabbitmq_hash(password, password_hash)
    assert matches_rabbitmq_hash(other, password_hash) is (other == password)


def test_same_password_gets_another_salt_each_time() -> None:
    assert make_scram_verifier("pw") != make_scram_verifier("pw")
    assert make_rabbitmq_hash("pw") != make_rabbitmq_hash("pw")


@pytest.mark.parametrize(
    "verifier",
    [
        None,
        "",
        "md5a3556571e93b0d20722ba62be61e8c2d",
        RFC_7677_VERIFIER.replace("SCRAM-SHA-256", "SCRAM-SHA-512"),
        RFC_7677_VERIFIER.replace("4096", "0"),
        RFC_7677_VERIFIER.replace("4096", "9" * 30),
        RFC_7677_VERIFIER.replace("4096", "many"),
        RFC_7677_VERIFIER.replace("W22Za", "W22!a"),
        RFC_7677_VERIFIER + "$",
    ],
)
def test_anything_but_an_intact_verifier_does_not_match(verifier: str | None) -> None:
    assert not matches_scram_verifier("pencil", verifier)


@pytest.mark.parametrize("password_hash", ["", "no base64", RABBITMQ_GUIDE_HASH[:-4], "AAAA"])
def test_anything_but_an_intact_hash_does_not_match(password_hash: str) -> None:
    assert not matches_rabbitmq_hash("test12", password_hash)


@given(st.text())
def test_stored_text_of_any_kind_is_never_an_error(stored: str) -> None:
    assert not matches_scram_verifier("pencil", stored)
    assert not matches_rabbitmq_hash("test12", stored)


@given(password=passwords)
def test_rabbitmq_hash_is_salt_and_digest(password: str) -> None:
    raw = base64.b64decode(make_rabbitmq_hash(password))
    assert raw[4:] == hashlib.sha256(raw[:4] + password.encode()).digest()


@pytest.mark.parametrize("password", ["", "pässword", "line\nbreak", "nul\0", "zero\u200bwidth"])
def test_refuses_passwords_that_saslprep_would_change_without_showing_them(password: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII") as refused:
        require_password(password)
    assert not password or password not in str(refused.value)
