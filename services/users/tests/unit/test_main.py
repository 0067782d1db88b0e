import importlib

import pytest
from app import main
from fleetkit.settings import SettingsError
from fleetkit.testing.tokens import JWT_KEY


def test_importing_the_module_needs_no_environment() -> None:
    importlib.reload(main)


def test_refuses_to_start_without_its_settings_and_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("RABBITMQ_URL", raising=False)
    monkeypatch.delenv("JWT_SECRET", raising=False)
    with pytest.raises(SettingsError) as caught:
        _ = main.app
    assert all(name in str(caught.value) for name in ("DATABASE_URL", "RABBITMQ_URL", "JWT_SECRET"))


def test_builds_the_application_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:password@nowhere/users")
    monkeypatch.setenv("RABBITMQ_URL", "amqp://user:password@nowhere/%2F")
    monkeypatch.setenv("JWT_SECRET", JWT_KEY)
    assert main.app.title == "users"
