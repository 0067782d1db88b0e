import importlib

import pytest
from app import main
from fleetkit.settings import SettingsError

ENVIRONMENT = {
    "DATABASE_URL": "postgresql://user:password@nowhere/orders",
    "RABBITMQ_URL": "amqp://user:password@nowhere/%2F",
    "JWT_SECRET": "thirty-two bytes, which is enough",
    "USER_SERVICE_URL": "http://users:8000",
    "SERVICE_CLIENT_SECRET": "another secret",
}


def test_importing_the_module_needs_no_environment() -> None:
    importlib.reload(main)


def test_refuses_to_start_without_its_settings_and_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError) as caught:
        _ = main.app
    assert all(name in str(caught.value) for name in ENVIRONMENT)


def test_builds_the_application_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert main.app.title == "orders"
