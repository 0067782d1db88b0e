"""The second look: what no watch event told is found by listing, at start, after a relist and now and then."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from fastapi_fleet.constants import LABEL_MANAGED_BY, MANAGED_BY
from fastapi_fleet.errors import ReconcileError
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.client import KubeClient
from fastapi_fleet.kube.kinds import OWNERS, WATCHED, Kind, key_of
from fastapi_fleet.reconcile.intake import Intake
from fastapi_fleet.reconcile.queue import Lane
from fastapi_fleet.reconcile.relists import Relists

TICK_SECONDS = 1.0
RESYNC_JITTER = 0.2
"""Share of the period by which a resync may come early: operators that start together drift apart."""

log = structlog.get_logger(__name__)


def label_selector(kind: Kind) -> str | None:
    """Which objects of the kind are watched: people's resources all, other kinds only what the operator made."""
    return None if kind in OWNERS else f"{LABEL_MANAGED_BY}={MANAGED_BY}"


class Resync:
    def __init__(
        self,
        *,
        kube: KubeClient,
        cache: ObjectCache,
        intake: Intake,
        relists: Relists,
        namespaces: Sequence[str],
        period: float,
        random: Callable[[], float],
    ) -> None:
        self._kube = kube
        self._cache = cache
        self._intake = intake
        self._relists = relists
        self._namespaces: Sequence[str | None] = namespaces or (None,)
        self._period = period
        self._random = random

    async def prime(self) -> None:
        """Fill the cache before the first pass, so that passes after a restart neither ask nor write anything.

        Raises ReconcileError when a kind cannot be listed.
        """
        for kind in reversed(WATCHED):
            await self.compare(kind)

    async def run(self) -> None:
        """Compare after each relist, and everything once a period. Runs until it is cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._next_period()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            is_due, finished = loop.time() >= due, self._relists.take_finished()
            if not is_due and not finished:
                continue
            # A gap in one watch is often one in all, and a kind that came back empty shows no item at all.
            for kind in WATCHED:
                await self._compare_safely(kind)
            if is_due:
                due = loop.time() + self._next_period()
                self.wake_all()

    async def compare(self, kind: Kind) -> None:
        """Bring the cache in line with a list of the kind, and wake what that concerns."""
        known = {key_of(obj): obj for obj in self._cache.of_kind(kind)}
        selector = label_selector(kind)
        listed = [
            obj for namespace in self._namespaces for obj in await self._kube.list_objects(kind, namespace, selector)
        ]
        for obj in listed:
            if self._cache.put(obj):
                self._intake.wake(obj, Lane.RESYNC)
        for key in known.keys() - {key_of(obj) for obj in listed}:
            gone = self._cache.remove(known[key])
            if gone is not None:
                log.info("Found a deletion that no watch reported", gone=str(key))
                self._intake.wake(gone)

    async def _compare_safely(self, kind: Kind) -> None:
        try:
            await self.compare(kind)
        except ReconcileError as error:
            log.warning("Could not list", kind=kind.name, error=error.message)
            self._relists.saw_item(kind)

    def wake_all(self) -> None:
        """Ask for a pass over every resource that people wrote."""
        for kind in OWNERS:
            for resource in self._cache.of_kind(kind):
                self._intake.wake(resource, Lane.RESYNC)

    def _next_period(self) -> float:
        return self._period * (1 - RESYNC_JITTER * self._random())
