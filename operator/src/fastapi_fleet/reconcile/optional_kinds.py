"""Kinds whose CRD may be there or not: found when it comes, left alone when it goes.

kopf looks for kinds once, and gives up as a whole when one of them goes; so these are watched here.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import structlog

from fastapi_fleet.errors import ApiRefusedError, ReconcileError
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.client import KindWatcher, WatchEvent
from fastapi_fleet.kube.kinds import OPTIONAL, Kind
from fastapi_fleet.reconcile.intake import Intake
from fastapi_fleet.reconcile.resync import Resync, label_selector

LOOK_SECONDS = 30.0
"""How long it may take until a kind that has come is noticed."""

REOPEN_SECONDS = 1.0
"""Between the end of a watch and the next one: a watch of a kind that is going ends at once."""

RETRY_SECONDS = 5.0

log = structlog.get_logger(__name__)


class OptionalKinds:
    """Tells the cache which optional kinds there are, and what becomes of their objects."""

    def __init__(
        self,
        *,
        watcher: KindWatcher,
        cache: ObjectCache,
        intake: Intake,
        resync: Resync,
        namespaces: Sequence[str],
    ) -> None:
        self._watcher = watcher
        self._cache = cache
        self._intake = intake
        self._resync = resync
        self._namespaces: Sequence[str | None] = namespaces or (None,)

    async def look(self) -> None:
        """Find out which kinds are there, before the first pass. Raises ReconcileError when that cannot be told."""
        for kind in OPTIONAL:
            if not await self._watcher.serves(kind):
                continue
            try:
                await self._begin(kind)
            except ApiRefusedError as error:
                self._do_without(kind, error)

    async def run(self) -> None:
        """Watch the kinds that are there, look for those that are not. Runs until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for kind in OPTIONAL:
                group.create_task(self._follow(kind))

    async def _follow(self, kind: Kind) -> None:
        while True:
            try:
                pause = await self._turn(kind)
            except ReconcileError as error:
                log.warning("Could not watch", kind=kind.name, error=error.message)
                pause = RETRY_SECONDS
            await asyncio.sleep(pause)

    async def _turn(self, kind: Kind) -> float:
        """One look or one watch. Returns how long to wait before the next."""
        if not await self._watcher.serves(kind):
            self._end(kind)
            return LOOK_SECONDS
        try:
            await self._watch(kind)
        except ApiRefusedError as error:
            self._do_without(kind, error)
            return LOOK_SECONDS
        return REOPEN_SECONDS

    async def _watch(self, kind: Kind) -> None:
        """Until a stream ends. They are open before the listing is made, so that no deletion falls between the two."""
        selector = label_selector(kind)
        async with AsyncExitStack() as opened:
            streams = [
                await opened.enter_async_context(self._watcher.watch(kind, namespace, selector))
                for namespace in self._namespaces
            ]
            await self._begin(kind)
            await self._hand_on(streams)

    async def _hand_on(self, streams: Sequence[AsyncIterator[WatchEvent]]) -> None:
        readers = [asyncio.create_task(self._read(stream)) for stream in streams]
        try:
            done, _ = await asyncio.wait(readers, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.wait(readers)
        for reader in done:
            reader.result()

    async def _read(self, stream: AsyncIterator[WatchEvent]) -> None:
        async for event, obj in stream:
            self._intake.saw(event, obj)

    async def _begin(self, kind: Kind) -> None:
        await self._resync.compare(kind)
        if self._cache.begin(kind):
            log.info("Optional kind is there", kind=kind.name)
            self._resync.wake_all()

    def _end(self, kind: Kind) -> None:
        if self._cache.end(kind):
            log.info("Optional kind is gone", kind=kind.name)
            self._resync.wake_all()

    def _do_without(self, kind: Kind, error: ApiRefusedError) -> None:
        """A kind that may not be read is as one that is not there."""
        log.warning("May not read optional kind", kind=kind.name, error=error.message)
        self._end(kind)
