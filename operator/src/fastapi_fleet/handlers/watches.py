"""kopf watches, handlers record and enqueue."""

import asyncio
import signal
from collections.abc import Callable, Collection, Sequence
from typing import Any, cast

import kopf

from fastapi_fleet.constants import GROUP
from fastapi_fleet.handlers.login import log_in
from fastapi_fleet.kube.kinds import WATCHED, Object
from fastapi_fleet.reconcile.resync import label_selector

IDENTITY = "fastapi-fleet"
"""Only peering uses it, which is off; without one, kopf looks the user's name up, which an image may not have."""

Saw = Callable[[str | None, Object], None]
"""Takes an event of a watch: its type, None for an item of a listing, and the object."""

SCAN = frozenset({"_read_old_api", "_read_new_apis", "_read_version"})
"""Coroutines by which kopf asks for the kinds of the cluster when it starts."""


async def watch(saw: Saw, namespaces: Sequence[str], stop: asyncio.Event) -> None:
    """Tell `saw` of every change of the watched kinds, in `namespaces` or everywhere. Runs until `stop` is set.

    SIGTERM and SIGINT set `stop`, and so does kopf when it ends by itself: the other parts are to end then, for kopf
    waits for every task of the loop. Raises what made kopf give up.
    """
    registry = watch_registry(saw)
    kopf_stop = asyncio.Event()

    async def tell_the_others(**_: object) -> None:
        stop.set()

    kopf.on.cleanup(registry=registry)(tell_the_others)
    others = asyncio.all_tasks()
    tasks = await kopf.spawn_tasks(
        registry=registry,
        settings=watch_settings(),
        standalone=True,
        clusterwide=not namespaces,
        namespaces=list(namespaces),
        stop_flag=kopf_stop,
        identity=IDENTITY,  # type: ignore[arg-type]  # a NewType over str that kopf does not export
    )
    # kopf has taken them for itself: it would stop before its scan is ended.
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    stopping = asyncio.create_task(_stop_in_order(stop, kopf_stop, others))
    try:
        await kopf.run_tasks(tasks, ignored={*others, stopping})
    finally:
        stopping.cancel()


async def _stop_in_order(stop: asyncio.Event, kopf_stop: asyncio.Event, others: Collection[asyncio.Task[Any]]) -> None:
    """End the requests of the scan, which kopf forgets: on a closed connection they would fail, aloud, for seconds."""
    await stop.wait()
    for task in asyncio.all_tasks() - {*others}:
        if getattr(task.get_coro(), "__name__", "") in SCAN:
            task.cancel()
    kopf_stop.set()


def watch_registry(saw: Saw) -> kopf.OperatorRegistry:
    """One on.event handler a kind: kopf keeps no state on the objects and holds no finalizer for these."""
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry, retries=3)(_login)

    async def hand_on(event: kopf.RawEvent, **_: Any) -> None:  # noqa: ANN401 - what kopf passes beside the event
        saw(event["type"], cast("Object", dict(event["object"])))

    for kind in WATCHED:
        kopf.on.event(kind.group, kind.version, kind.plural, registry=registry)(hand_on)
    return registry


async def _login(**_: Any) -> kopf.ConnectionInfo:  # noqa: ANN401 - what kopf passes to a login
    return log_in()


class NoEssence(kopf.DiffBaseStorage):
    """kopf copies each object of each event to tell its handlers what changed. No handler here asks."""

    def build(self, **_: object) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, **_: object) -> None:
        return None

    def store(self, **_: object) -> None:
        return None


def watch_settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.scanning.disabled = True
    settings.watching.connect_timeout = 10
    settings.watching.server_timeout = 300
    settings.watching.chunk_size = 500
    settings.networking.connect_timeout = 5
    settings.networking.request_timeout = 30
    settings.networking.error_backoffs = (1, 2, 4, 8, 15)
    settings.queueing.idle_timeout = 0.1  # an object's idle task costs memory, and no handler here ever waits
    settings.posting.enabled = False
    settings.persistence.diffbase_storage = NoEssence()
    settings.persistence.finalizer = f"{GROUP}/watch"
    for kind in WATCHED:
        selector = label_selector(kind)
        if selector is not None:
            settings.watching.label_selectors[kind.group, kind.version, kind.plural] = selector
    return settings
