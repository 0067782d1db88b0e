"""Listings that a watch made anew: what was deleted in the gap before one is reported by nobody."""

from collections.abc import Callable

from fastapi_fleet.kube.kinds import Kind

QUIET_SECONDS = 5.0
"""A listing counts as over when it has shown no item for so long."""


class Relists:
    """Notices listings, kind by kind, so that each can be compared with the cache once it is over."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last_item: dict[Kind, float] = {}

    def saw_item(self, kind: Kind) -> None:
        self._last_item[kind] = self._clock()

    def take_finished(self) -> list[Kind]:
        """Kinds whose listing is over, each told once."""
        now = self._clock()
        finished = [kind for kind, at in self._last_item.items() if now - at >= QUIET_SECONDS]
        for kind in finished:
            del self._last_item[kind]
        return finished
