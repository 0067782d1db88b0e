"""Settings come from the environment, and bad ones are named."""

import os

import pytest
from fastapi_fleet.config import OperatorSettings
from pydantic import ValidationError


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("FLEET_")]:
        monkeypatch.delenv(name)


def test_everything_has_a_default() -> None:
    settings = OperatorSettings()
    assert (settings.workers, settings.port, settings.log_level) == (8, 8080, "info")
    assert settings.watch_namespaces == ()


def test_namespaces_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_WATCH_NAMESPACES", "team, other,,")
    monkeypatch.setenv("FLEET_CALLER_NAMESPACES", "ingress-nginx,monitoring")
    assert OperatorSettings().watch_namespaces == ("team", "other")
    assert OperatorSettings().caller_namespaces == ("ingress-nginx", "monitoring")


@pytest.mark.parametrize(("watched", "expected"), [("", "system"), ("team,system", "system"), ("team,other", "team")])
def test_the_heartbeat_is_where_the_watches_look(watched: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_LEASE_NAMESPACE", "system")
    monkeypatch.setenv("FLEET_WATCH_NAMESPACES", watched)
    assert OperatorSettings().heartbeat_namespace == expected


def test_no_external_host_is_allowed_unless_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert OperatorSettings().external_hosts == ()
    monkeypatch.setenv("FLEET_EXTERNAL_HOSTS", "*.example.com,10.0.0.7")
    assert OperatorSettings().external_hosts == ("*.example.com", "10.0.0.7")


BAD = {
    "FLEET_WORKERS": "0",
    "FLEET_PORT": "http",
    "FLEET_RESYNC_SECONDS": "1",
    "FLEET_LOG_LEVEL": "verbose",
}


@pytest.mark.parametrize(("name", "value"), BAD.items(), ids=BAD.keys())
def test_bad_value_is_refused_for_its_field(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as refused:
        OperatorSettings()
    (problem,) = refused.value.errors()
    assert problem["loc"] == (name.removeprefix("FLEET_").lower(),)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        OperatorSettings().workers = 2  # type: ignore[misc]
