"""Administrators' Secrets of external servers: what they may say, and what is said of those that cannot be used."""

import pytest
from fastapi_fleet.api.endpoints import BrokerEndpoint, PostgresEndpoint
from fastapi_fleet.errors import BackendRefusedError, DependencyMissingError
from fastapi_fleet.reconcile.admin_secrets import BrokerAdminSecret, PostgresAdminSecret, read_admin_secret
from support.certificates import CERTIFICATE

LOGIN = {"host": "db.example.com", "username": "admin", "password": "s3cret"}


def postgres(**keys: str) -> PostgresAdminSecret:
    return read_admin_secret(PostgresAdminSecret, "managed", {**LOGIN, **keys})


def broker(**keys: str) -> BrokerAdminSecret:
    return read_admin_secret(BrokerAdminSecret, "managed", {**LOGIN, **keys})


def test_postgres_needs_no_more_than_host_and_login_and_is_spoken_to_over_tls() -> None:
    secret = postgres()
    assert secret.endpoint() == PostgresEndpoint(host="db.example.com", port=5432, ssl_mode="require")
    server = secret.server()
    assert (server.host, server.port, server.user, server.password) == ("db.example.com", 5432, "admin", "s3cret")
    assert (server.ssl_mode, server.database, server.certificate_authority) == ("require", "postgres", None)


def test_postgres_with_certificates_is_checked_with_them() -> None:
    secret = postgres(**{"ca.crt": CERTIFICATE})
    assert secret.server().ssl_mode == "verify-full"
    assert secret.server().certificate_authority == CERTIFICATE
    assert secret.endpoint().certificate_authority


def test_certificates_are_of_no_use_to_a_mode_that_checks_none() -> None:
    secret = postgres(**{"ca.crt": CERTIFICATE, "sslmode": "require"})
    assert secret.server().certificate_authority is None
    assert not secret.endpoint().certificate_authority


def test_postgres_says_everything_else_where_it_must() -> None:
    server = postgres(port="6432", sslmode="disable", dbname="defaultdb").server()
    assert (server.port, server.ssl_mode, server.database) == (6432, "disable", "defaultdb")


def test_broker_speaks_tls_on_its_usual_ports() -> None:
    secret = broker()
    assert secret.endpoint() == BrokerEndpoint(host="db.example.com", port=5671, tls=True)
    assert (secret.server().port, secret.server().tls) == (15671, True)


def test_broker_without_tls_only_where_the_secret_says_so() -> None:
    secret = broker(tls="false")
    assert secret.endpoint() == BrokerEndpoint(host="db.example.com", port=5672)
    assert (secret.server().port, secret.server().tls) == (15672, False)


def test_broker_may_be_managed_elsewhere_and_have_one_virtual_host() -> None:
    secret = broker(managementHost="console.example.com", managementPort="443", port="5673", vhost="shared")
    assert secret.hosts == ("db.example.com", "console.example.com")
    assert (secret.server().host, secret.server().port) == ("console.example.com", 443)
    assert secret.server().virtual_host == secret.endpoint().virtual_host == "shared"
    assert secret.endpoint().port == 5673


@pytest.mark.parametrize("key", LOGIN)
def test_key_that_lacks_is_named(key: str) -> None:
    values = {name: value for name, value in LOGIN.items() if name != key}
    with pytest.raises(DependencyMissingError, match=f"Secret managed has no key {key}") as missing:
        read_admin_secret(PostgresAdminSecret, "managed", values)
    assert missing.value.reason == "SecretMissing"


UNUSABLE = {
    "no port": ({"port": "s3cret-port"}, "port"),
    "port of none": ({"port": "0"}, "port"),
    "empty password": ({"password": ""}, "password"),
    "host with a path": ({"host": "db.example.com/s3cret"}, "host"),
    "host with a login": ({"host": "admin:s3cret@db.example.com"}, "host"),
    "two hosts": ({"host": "a.example.com,b.example.com"}, "host"),
    "unknown sslmode": ({"sslmode": "s3cret"}, "sslmode"),
    "checks without certificates": ({"sslmode": "verify-full"}, "ca.crt"),
    "no certificates": ({"ca.crt": "s3cret"}, "ca.crt"),
}


@pytest.mark.parametrize(("keys", "named"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_key_that_cannot_be_used_is_named_without_its_value(keys: dict[str, str], named: str) -> None:
    with pytest.raises(BackendRefusedError) as refused:
        postgres(**keys)
    assert refused.value.reason == "AdminSecretInvalid"
    assert named in refused.value.message
    assert "s3cret" not in refused.value.message


def test_password_shows_in_no_representation() -> None:
    for secret in (postgres(), broker()):
        assert "s3cret" not in repr(secret) + repr(secret.server()) + repr(secret.endpoint())
