"""Ports of a Compose service, in the short and the long form."""

import re
from collections.abc import Iterator
from typing import Any

_SHORT = re.compile(
    r"(?:(?:(?P<host>\[[^\]]*\]|[^:]*):)?(?P<published>(?:\d+(?:-\d+)?)?):)?(?P<target>\d+(?:-\d+)?)(?:/(?P<protocol>\w+))?"
)
_MOST = 65535


def expand_ports(value: object) -> object:
    """Each port in the long form. What is no list is left to the model to refuse."""
    if not isinstance(value, list):
        return value
    return [port for item in value for port in _expanded(item)]


def _expanded(item: object) -> Iterator[dict[str, Any]]:
    if isinstance(item, dict):
        yield item
        return
    found = _SHORT.fullmatch(str(item))
    if found is None:
        raise ValueError(f"{item!r} is not a port such as 8000 or 127.0.0.1:8001:8000/tcp")
    first, last = _range(found["target"])
    if last > _MOST or last < first:
        raise ValueError(f"{item!r}: ports go up, to {_MOST} at most")
    published, _ = _range(found["published"]) if found["published"] else (None, None)
    for at, target in enumerate(range(first, last + 1)):
        lent = None if published is None else str(published + at)
        yield {"target": target, "published": lent, "protocol": found["protocol"] or "tcp"}


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first), int(last or first)
