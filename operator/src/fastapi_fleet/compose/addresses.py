"""Addresses in the values of variables, and whose they are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^@/\s]*@)?(?P<host>[^:/?#\s,@]+)(?::(?P<port>\d+))?(?P<rest>[/?#,][^\s]*)?",
    re.IGNORECASE,
)
_HOST_AND_PORT = re.compile(r"(?P<host>[A-Za-z0-9_.-]+):(?P<port>\d+)(?P<rest>[/,].*)?")
_HOST = re.compile(r"(?P<host>[A-Za-z0-9_.-]+)")
_HOST_NAME = re.compile(r"^(?P<prefix>.*?)_?(?P<what>HOST|HOSTNAME|SERVER|ADDR|ADDRESS|ENDPOINT|URL|URI)$")
"""Variables whose value may be a mere host: elsewhere `users` is a word like any other."""

_OF_THE_SAME = r"_?(PORT|USER|USERNAME|USER_NAME|PASSWORD|PASS|PW|DB|DATABASE|NAME|DB_NAME|DBNAME|VHOST|SCHEME|DRIVER)"
"""What a variable tells beside the host that another one of its prefix names."""


@dataclass(frozen=True)
class Address:
    scheme: str
    host: str
    port: int | None
    rest: str


def address_in(name: str, value: str) -> Address | None:
    """The first address of a value, where it begins with one."""
    found = _URL.fullmatch(value) or _HOST_AND_PORT.fullmatch(value)
    if found is None and _HOST_NAME.match(name.upper()):
        found = _HOST.fullmatch(value)
    if found is None:
        return None
    parts: Mapping[str, str | None] = found.groupdict()
    port = parts.get("port")
    return Address(
        (parts.get("scheme") or "").lower(), parts["host"] or "", int(port) if port else None, parts.get("rest") or ""
    )


def is_of_same_server(name: str, host_variable: str) -> bool:
    """Whether POSTGRES_PORT goes with POSTGRES_HOST."""
    found = _HOST_NAME.match(host_variable.upper())
    prefix = found["prefix"] if found else ""
    return bool(prefix) and re.fullmatch(re.escape(prefix) + _OF_THE_SAME, name.upper()) is not None
