"""Backends that do not answer: one call at a time waits for such a one, so that workers are left for all other work."""

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from fastapi_fleet.errors import BackendRefusedError, BackendUnavailableError


class SilentServers:
    """Remembers which servers left the last call without an answer. A refusal is an answer."""

    def __init__(self) -> None:
        self._waiting: Counter[Hashable] = Counter()
        self._silence: dict[Hashable, str] = {}

    @contextmanager
    def asking(self, server: Hashable) -> Iterator[None]:
        """Around one call. Raises BackendUnavailableError at once where another waits for a server that is silent."""
        if server in self._silence and self._waiting[server]:
            raise BackendUnavailableError(self._silence[server])
        self._waiting[server] += 1
        silence = None
        try:
            yield
        except BackendUnavailableError as error:
            silence = None if isinstance(error, BackendRefusedError) else error.message
            raise
        finally:
            self._waiting[server] -= 1
            self._note(server, silence)

    def _note(self, server: Hashable, silence: str | None) -> None:
        if silence is None:
            self._silence.pop(server, None)
        else:
            self._silence[server] = silence
