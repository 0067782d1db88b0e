"""A second server that follows the orders database, and can take its place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import containers

DATA = "/tmp/standby"  # noqa: S108 - in the container, where nothing else can be written to
# fmt: off
_COPY = (
    "pg_basebackup", "--host", "127.0.0.1", "--username", "orders", "--pgdata", DATA,
    "--write-recovery-conf", "--checkpoint", "fast",
)
_OPTIONS = "-p 5433 -c listen_addresses=* -c unix_socket_directories=/tmp -c fsync=off -c max_connections=40"
_START = ("pg_ctl", "start", "--wait", "--pgdata", DATA, "--log", f"{DATA}.log", "--options", _OPTIONS)
# fmt: on


@asynccontextmanager
async def following() -> AsyncIterator[None]:
    """Starts the standby: from now on nothing is committed that it has not, and it is read-only until promoted."""
    server = containers.orders_database()
    await server.run(*_COPY)
    await server.run(*_START)
    await _configure("synchronous_standby_names = '*'")
    try:
        yield
    finally:
        await _configure("synchronous_standby_names = ''")
        await server.run("pg_ctl", "stop", "--pgdata", DATA, "--mode", "immediate")
        await server.run("rm", "-rf", DATA)


@asynccontextmanager
async def demoted() -> AsyncIterator[None]:
    """Makes the server that was followed refuse to write, with its connections open."""
    await _configure("default_transaction_read_only = on")
    try:
        yield
    finally:
        await _configure("default_transaction_read_only = off")


async def promote() -> None:
    """Makes the standby the one that writes."""
    await containers.orders_database().run("pg_ctl", "promote", "--wait", "--pgdata", DATA)


async def _configure(setting: str) -> None:
    commands = (f"--command=ALTER SYSTEM SET {setting}", "--command=SELECT pg_reload_conf()")
    await containers.orders_database().run("psql", "--quiet", "--username", "orders", *commands)
