"""The id that a request keeps on its way through services and events."""

import re
from contextlib import AbstractContextManager
from contextvars import ContextVar
from os import urandom

HEADER = "X-Request-ID"
_ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,128}")
_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """The id of the request or event being handled, None outside of one."""
    return _current.get()


def request_id_scope(offered: str | None) -> AbstractContextManager[str]:
    """Keeps `offered` as the current id where it is well formed, otherwise a new one."""
    return _Scope(offered if offered and _ACCEPTED.fullmatch(offered) else urandom(16).hex())


class _Scope:
    # Every request has one: a generator costs several times as much.
    __slots__ = ("_request_id", "_token")

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id

    def __enter__(self) -> str:
        self._token = _current.set(self._request_id)
        return self._request_id

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)
