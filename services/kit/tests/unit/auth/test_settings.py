import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from fleetkit.auth.settings import SignerSettings, VerifierSettings
from fleetkit.settings import SettingsError, load_settings

from .forgery import OTHER_KEY, SIGNING_KEY, private_pem, public_pem

EC_KEY = generate_private_key(SECP256R1())
EC_PRIVATE = EC_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
EC_PUBLIC = EC_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
SECRET = "hunter2" * 5


def refusal(settings: type[SignerSettings | VerifierSettings], monkeypatch: pytest.MonkeyPatch, **env: str) -> str:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings(settings)
    return str(caught.value)


@pytest.mark.parametrize("settings", [SignerSettings, VerifierSettings])
def test_a_shared_secret_is_required_unless_keys_are_used(
    settings: type[SignerSettings | VerifierSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refusal(settings, monkeypatch).startswith("JWT_SECRET: ")


def test_keys_are_required_where_they_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(SignerSettings, monkeypatch, JWT_ALGORITHM="EdDSA").startswith("JWT_PRIVATE_KEY: ")
    assert refusal(VerifierSettings, monkeypatch, JWT_ALGORITHM="EdDSA").startswith("JWT_JWKS_URL: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JWT_SECRET", "hunter2"),
        ("JWT_ALGORITHM", "none"),
        ("JWT_PRIVATE_KEY", "hunter2"),
        ("JWT_PRIVATE_KEY", EC_PRIVATE),
        ("JWT_PRIVATE_KEY", public_pem(SIGNING_KEY)),
        ("JWT_OTHER_PRIVATE_KEY", "hunter2"),
        ("JWT_OTHER_PRIVATE_KEY", EC_PRIVATE),
        ("JWT_PREVIOUS_PUBLIC_KEYS", "hunter2"),
        ("JWT_PREVIOUS_PUBLIC_KEYS", EC_PUBLIC),
        ("JWT_PREVIOUS_PUBLIC_KEYS", private_pem(SIGNING_KEY)),
        ("TOKEN_EXPIRY_MINUTES", "0"),
    ],
)
def test_refuses_by_name_without_the_value(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    message = refusal(SignerSettings, monkeypatch, **{"JWT_SECRET": SECRET, name: value})
    assert f"{name}: " in message
    assert not any(line and line in message for line in value.splitlines() if line != "none")


def test_where_the_keys_are_is_no_secret_and_holds_none(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refusal(
        VerifierSettings, monkeypatch, JWT_ALGORITHM="EdDSA", JWT_JWKS_URL="http://ada:hunter2@users/keys"
    )
    assert message.startswith("JWT_JWKS_URL: ")
    assert "hunter2" not in message


def test_keys_may_follow_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET", SECRET)
    monkeypatch.setenv("JWT_PREVIOUS_PUBLIC_KEYS", public_pem(SIGNING_KEY) + "\n" + public_pem(OTHER_KEY))
    assert load_settings(SignerSettings).jwt_previous_public_keys.count("BEGIN") == 2


def test_the_other_key_may_be_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET", SECRET)
    monkeypatch.setenv("JWT_OTHER_PRIVATE_KEY", "")
    assert load_settings(SignerSettings).jwt_other_private_key is None


def test_never_shows_a_secret_in_its_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET", SECRET)
    monkeypatch.setenv("JWT_PRIVATE_KEY", private_pem(SIGNING_KEY))
    monkeypatch.setenv("JWT_OTHER_PRIVATE_KEY", private_pem(OTHER_KEY))
    shown = repr(load_settings(SignerSettings))
    assert "hunter2" not in shown
    assert "PRIVATE" not in shown
