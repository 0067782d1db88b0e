"""An API server that knows one Deployment, as a process of its own."""

import asyncio
import json
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import uvloop
from aiohttp import web

from client_bench.objects import DEPLOYMENT


@contextmanager
def answering_server() -> Iterator[str]:
    """Yields its URL."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(there,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


def _run(there: Connection) -> None:
    uvloop.run(_serve(there))


async def _serve(there: Connection) -> None:
    body = json.dumps(DEPLOYMENT).encode()

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=body, content_type="application/json")

    application = web.Application()
    application.add_routes([web.route("*", "/{path:.*}", answer)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    there.send(runner.addresses[0][1])
    await asyncio.Event().wait()
