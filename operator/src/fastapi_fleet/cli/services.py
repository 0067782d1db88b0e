"""FastAPIServices by their names."""

import asyncio
from typing import Annotated, Final

import typer

from fastapi_fleet.cli.cluster import ASKING, connected
from fastapi_fleet.cli.exits import ExitCode, fail
from fastapi_fleet.cli.patience import told_when_slow
from fastapi_fleet.constants import LABEL_COMPONENT, LABEL_OWNER_KIND, LABEL_OWNER_NAME
from fastapi_fleet.errors import ReconcileError
from fastapi_fleet.kube.client import KubeClient
from fastapi_fleet.kube.kinds import FASTAPI_SERVICE, Object, ObjectKey

COMPLETION_SECONDS: Final = 3.0


def _complete(context: typer.Context, incomplete: str) -> list[str]:
    """Names for the shell: none where the cluster does not tell at once, for nobody asked a question."""

    async def read(client: KubeClient, where: str) -> list[str]:
        return [item["metadata"]["name"] for item in await client.list_objects(FASTAPI_SERVICE, where, None)]

    async def read_soon() -> list[str]:
        async with asyncio.timeout(COMPLETION_SECONDS):
            return await connected(read, context.params.get("namespace"), context.params.get("context"))

    try:
        names = asyncio.run(read_soon())
    except (ReconcileError, TimeoutError):
        return []
    return [name for name in names if name.startswith(incomplete)]


ServiceName = Annotated[str, typer.Argument(help="A FastAPIService.", autocompletion=_complete)]
AnyService = Annotated[
    str | None, typer.Argument(help="A FastAPIService. All of the namespace when left out.", autocompletion=_complete)
]


async def get_service(client: KubeClient, namespace: str, name: str) -> Object:
    """One service. Ends the command where it is not there, and says which are."""
    with told_when_slow(ASKING):
        service = await client.get(ObjectKey(FASTAPI_SERVICE.name, namespace, name))
        services = [] if service else await client.list_objects(FASTAPI_SERVICE, namespace, None)
    if service is None:
        there = [item["metadata"]["name"] for item in services]
        hint = f"There are {', '.join(there)}." if there else "There is none in that namespace: name another by -n."
        fail(f"there is no FastAPIService {name} in namespace {namespace}", hint, ExitCode.FOUND)
    return {"apiVersion": FASTAPI_SERVICE.api_version, "kind": FASTAPI_SERVICE.name, **service}


def belonging_to(name: str, component: str | None = None) -> str:
    """Label selector of what a service has in the cluster: all of it, or what is of one component."""
    labels = {LABEL_OWNER_KIND: FASTAPI_SERVICE.name, LABEL_OWNER_NAME: name}
    labels |= {LABEL_COMPONENT: component} if component is not None else {}
    return ",".join(f"{label}={value}" for label, value in labels.items())
