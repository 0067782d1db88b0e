"""Hosts that the operator's settings allow."""

import pytest
from fastapi_fleet.errors import BackendRefusedError
from fastapi_fleet.reconcile.allowed_hosts import AllowedHosts

ALLOWED = [
    ("db.example.com", "db.example.com"),
    ("DB.Example.com.", "db.example.com"),
    ("db.example.com", "*.example.com"),
    ("a.b.example.com", "*.example.com"),
    ("10.0.0.7", "10.0.0.7"),
    ("anything", "*"),
]

REFUSED = [
    ("example.com", "*.example.com"),
    (".example.com", "*.example.com"),
    ("evil-example.com", "*.example.com"),
    ("db.example.com.evil.org", "*.example.com"),
    ("db.example.com", "example.com"),
    ("10.0.0.70", "10.0.0.7"),
    ("169.254.169.254", "*.svc"),
]


@pytest.mark.parametrize(("host", "pattern"), ALLOWED)
def test_host_that_a_pattern_names_is_allowed(host: str, pattern: str) -> None:
    AllowedHosts(["other.example.org", pattern]).require(host)


@pytest.mark.parametrize(("host", "pattern"), REFUSED)
def test_host_that_no_pattern_names_is_refused(host: str, pattern: str) -> None:
    with pytest.raises(BackendRefusedError) as refused:
        AllowedHosts([pattern]).require(host)
    assert refused.value.reason == "HostNotAllowed"


def test_nothing_is_allowed_where_nothing_is_set() -> None:
    with pytest.raises(BackendRefusedError, match=r"db\.example\.com"):
        AllowedHosts([]).require("db.example.com")
