"""The cluster of a context, the current one unless another is named, as commands ask it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, TypeVar

import typer

from fastapi_fleet.cli.exits import ExitCode, fail
from fastapi_fleet.errors import ReconcileError
from fastapi_fleet.kube.http_client import HttpKubeClient

Result = TypeVar("Result")

Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", help="Namespace. That of the context when left out.")
]

ContextName = Annotated[
    str | None, typer.Option("--context", help="Context of the kubeconfig. The current one when left out.")
]

ASKING = "asking the cluster"
"""What most commands are at when they take long."""

FIELD_MANAGER = "fleet"
"""Tells what was written by this command from what others wrote."""


def in_cluster(
    work: Callable[[HttpKubeClient, str], Awaitable[Result]], namespace: str | None, context: str | None
) -> Result:
    """Do `work` with a client and a namespace. Ends the command where the cluster does not answer or refuses."""
    try:
        return asyncio.run(connected(work, namespace, context))
    except ReconcileError as error:
        hint = "Which cluster is asked: kubectl config current-context. What you may do: kubectl auth can-i --list"
        fail(error.message, hint, ExitCode.CLUSTER)


async def connected(
    work: Callable[[HttpKubeClient, str], Awaitable[Result]], namespace: str | None, context: str | None
) -> Result:
    """As `in_cluster`, within a loop. Raises ReconcileError."""
    from fastapi_fleet.handlers.login import log_in
    from fastapi_fleet.kube.connection import Connection

    connection = Connection(partial(log_in, context))
    client = HttpKubeClient(connection, manager=FIELD_MANAGER)
    try:
        return await work(client, namespace or connection.namespace or "default")
    finally:
        await client.aclose()
