"""The cluster of the current context, as commands ask it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from fastapi_fleet.cli.exits import ExitCode, fail
from fastapi_fleet.errors import ReconcileError
from fastapi_fleet.kube.http_client import HttpKubeClient

Result = TypeVar("Result")

Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", help="Namespace. That of the current context when left out.")
]

ASKING = "asking the cluster"
"""What most commands are at when they take long."""

FIELD_MANAGER = "fleet"
"""Tells what was written by this command from what others wrote."""


def in_cluster(work: Callable[[HttpKubeClient, str], Awaitable[Result]], namespace: str | None) -> Result:
    """Do `work` with a client and a namespace. Ends the command where the cluster does not answer or refuses."""
    try:
        return asyncio.run(connected(work, namespace))
    except ReconcileError as error:
        hint = "Which cluster is asked: kubectl config current-context. What you may do: kubectl auth can-i --list"
        fail(error.message, hint, ExitCode.CLUSTER)


async def connected(work: Callable[[HttpKubeClient, str], Awaitable[Result]], namespace: str | None) -> Result:
    """As `in_cluster`, within a loop. Raises ReconcileError."""
    from fastapi_fleet.handlers.login import log_in
    from fastapi_fleet.kube.connection import Connection

    access = log_in()
    client = HttpKubeClient(Connection(lambda: access), manager=FIELD_MANAGER)
    try:
        return await work(client, namespace or access.default_namespace or "default")
    finally:
        await client.aclose()
