"""The id that a request keeps on its way through services and events."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from secrets import token_hex

HEADER = "X-Request-ID"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,128}")
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """The id of the request or event being handled, None outside of one."""
    return _current.get()


@contextmanager
def request_id_scope(offered: str | None) -> Iterator[str]:
    """Keeps `offered` as the current id where it is well formed, otherwise a new one."""
    request_id = offered if offered and _ACCEPTED.fullmatch(offered) else token_hex(16)
    token = _current.set(request_id)
    try:
        yield request_id
    finally:
        _current.reset(token)
