"""/livez, /readyz and /metrics."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from fastapi_fleet.kube.heartbeat import DEAF_SECONDS, Heartbeat
from fastapi_fleet.reconcile.queue import WorkQueue

STUCK_SECONDS = 120.0
"""Keys that have waited so long while no pass began or ended mean that no worker works any more."""


@asynccontextmanager
async def serve_endpoints(
    port: int, queue: WorkQueue, heartbeat: Heartbeat, is_synced: Callable[[], bool]
) -> AsyncIterator[None]:
    """Serve on all addresses while the context is open. `is_synced`: whether the cache has been filled."""

    async def livez(_: web.Request) -> web.Response:
        return _answer(_liveness_problem(queue, heartbeat))

    async def readyz(_: web.Request) -> web.Response:
        return _answer(None if is_synced() else "the cache is being filled")

    application = web.Application()
    application.add_routes([web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", _metrics)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    try:
        yield
    finally:
        await runner.cleanup()


def _liveness_problem(queue: WorkQueue, heartbeat: Heartbeat) -> str | None:
    stuck, unheard = queue.stuck_for, heartbeat.unheard_for
    if stuck > STUCK_SECONDS:
        return f"no pass has begun or ended for {stuck:.0f} s"
    return f"the watch has not shown a heartbeat for {unheard:.0f} s" if unheard > DEAF_SECONDS else None


def _answer(problem: str | None) -> web.Response:
    return web.Response(text="ok") if problem is None else web.Response(status=503, text=problem)


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
