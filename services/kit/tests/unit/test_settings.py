import pytest
from fleetkit.settings import (
    BrokerSettings,
    DatabaseSettings,
    ServiceName,
    ServiceSettings,
    ServiceUrl,
    SettingsError,
    load_settings,
)


class Settings(ServiceSettings, DatabaseSettings, BrokerSettings):
    service_name: ServiceName = "things"
    other_url: ServiceUrl


VALID = {
    "DATABASE_URL": "postgresql://user:hunter2@database:5432/things",
    "RABBITMQ_URL": "amqp://user:hunter2@broker:5672/%2F",
    "OTHER_URL": "http://other:8000",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VALID.items():
        monkeypatch.setenv(name, value)


def test_reads_the_environment() -> None:
    assert str(load_settings(Settings).other_url) == "http://other:8000/"


def test_names_every_missing_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VALID:
        monkeypatch.delenv(name)
    with pytest.raises(SettingsError) as caught:
        load_settings(Settings)
    assert all(name in str(caught.value) for name in VALID)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://user:hunter2@database/things"),
        ("DATABASE_URL", "hunter2"),
        ("DATABASE_URL", "postgresql://user:hunter2@database:99999/things"),
        ("DATABASE_URL", "postgresql://user:hunter2@database:0/things"),
        ("DATABASE_URL", "postgresql://user:hunter2/rest@database/things"),
        ("DATABASE_URL", "postgresql://user:secret#hunter2@database:5432/things"),
        ("DATABASE_URL", "postgresql://user:hunter2@[database/things"),
        ("RABBITMQ_URL", "http://user:hunter2@broker"),
        ("RABBITMQ_URL", "amqp://user:hunter2@broker:99999/%2F"),
        ("RABBITMQ_URL", "amqp://user:hunter2@broker:5672/#"),
        ("EVENTS_BACKEND", "hunter2"),
        ("KAFKA_BOOTSTRAP_SERVERS", "hunter2"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka://hunter2:9092"),
        ("KAFKA_TOPIC_PREFIX", "hunter2/"),
        ("OTHER_URL", "http://user:hunter2@other:8000"),
        ("DATABASE_POOL_MAX", "hunter2"),
        ("DATABASE_POOL_MAX", "0"),
        ("LOG_LEVEL", "hunter2"),
        ("SERVICE_NAME", "hunter2.*"),
    ],
)
def test_refuses_an_invalid_setting_by_name_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings(Settings)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_kafka_needs_its_servers_and_no_rabbitmq(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTS_BACKEND", "kafka")
    monkeypatch.delenv("RABBITMQ_URL")
    with pytest.raises(SettingsError, match="KAFKA_BOOTSTRAP_SERVERS"):
        load_settings(Settings)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka-0:9092,[::1]:9092")
    assert load_settings(Settings).kafka_bootstrap_servers == "kafka-0:9092,[::1]:9092"


def test_never_shows_a_secret_in_its_representation() -> None:
    assert "hunter2" not in repr(load_settings(Settings))
