import pytest
from app.config import Settings
from fleetkit.settings import SettingsError, load_settings
from fleetkit.testing.tokens import JWT_KEY

VALID = {
    "DATABASE_URL": "postgresql://user:password@nowhere/users",
    "RABBITMQ_URL": "amqp://user:password@nowhere/%2F",
    "JWT_SECRET": JWT_KEY,
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VALID.items():
        monkeypatch.setenv(name, value)


def test_needs_no_mail_server_no_admin_and_no_clients() -> None:
    settings = load_settings(Settings)
    assert (settings.smtp_server(), settings.admin_email, settings.service_clients) == (None, None, {})


def test_reads_the_secrets_of_services_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_CLIENTS__ORDERS", "secret of the orders service")
    monkeypatch.setenv("SERVICE_CLIENTS__BILLING", "secret of the billing service")
    clients = load_settings(Settings).service_clients
    assert {name: secret.get_secret_value() for name, secret in clients.items()} == {
        "orders": "secret of the orders service",
        "billing": "secret of the billing service",
    }


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"ADMIN_EMAIL": "admin@example.com"}, "ADMIN_PASSWORD"),
        ({"ADMIN_PASSWORD": "hunter2hunter2"}, "ADMIN_PASSWORD"),
        ({"ADMIN_EMAIL": "admin@example.com", "ADMIN_PASSWORD": "hunter2"}, "ADMIN_PASSWORD"),
        ({"ADMIN_EMAIL": "nobody", "ADMIN_PASSWORD": "hunter2hunter2"}, "ADMIN_EMAIL"),
        ({"SERVICE_CLIENTS__ORDERS": "hunter2"}, "SERVICE_CLIENTS.ORDERS"),
        ({"SERVICE_CLIENTS__ORDERS": "hunter2 h\u00fcnter2 hunter2"}, "SERVICE_CLIENTS.ORDERS"),
        ({"SMTP_HOST": "mail"}, "MAIL_FROM"),
        ({"SMTP_HOST": "mail", "MAIL_FROM": "nobody"}, "MAIL_FROM"),
        ({"SMTP_USERNAME": "fleet", "SMTP_PASSWORD": "hunter2"}, "SMTP_USERNAME"),
        ({"SMTP_STARTTLS": "true", "SMTP_USERNAME": "fleet"}, "SMTP_PASSWORD"),
        ({"SMTP_PASSWORD": "hunter2"}, "SMTP_PASSWORD"),
        ({"LOGIN_ATTEMPTS_PER_MINUTE": "0"}, "LOGIN_ATTEMPTS_PER_MINUTE"),
    ],
)
def test_refuses_by_name_without_the_value(monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], name: str) -> None:
    for variable, value in changed.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"{name}: ") as caught:
        load_settings(Settings)
    assert "hunter2" not in str(caught.value)


def test_never_shows_a_secret_in_its_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ADMIN_EMAIL": "admin@example.com",
        "ADMIN_PASSWORD": "hunter2hunter2",
        "SERVICE_CLIENTS__ORDERS": "hunter2hunter2hunter2",
        "SMTP_HOST": "mail",
        "MAIL_FROM": "fleet@example.com",
        "SMTP_STARTTLS": "true",
        "SMTP_USERNAME": "fleet",
        "SMTP_PASSWORD": "hunter2",
    }.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(Settings)
    shown = f"{settings!r} {settings.smtp_server()!r} {settings.model_dump_json()}"
    assert "hunter2" not in shown
