"""`fleet pause` and `fleet resume`."""

import typer

from fastapi_fleet.cli.cluster import Namespace, in_cluster
from fastapi_fleet.cli.services import ServiceName, get_service
from fastapi_fleet.kube.http_client import HttpKubeClient

PAUSE_EXAMPLES = "Examples: fleet pause shop · fleet pause shop -n team, then fleet resume shop -n team"
RESUME_EXAMPLES = "Examples: fleet resume shop · fleet resume shop -n team"


def pause(name: ServiceName, namespace: Namespace = None) -> None:
    """Keep the operator's hands off a service: it writes nothing but status. Pods go on running."""
    said = "is paused: the operator writes nothing but its status. To go on: fleet resume"
    _set_paused(name, namespace, True, f"{name} {said} {name}")


def resume(name: ServiceName, namespace: Namespace = None) -> None:
    """Let the operator go on with a service: everything becomes as its spec says, changes by hand included."""
    _set_paused(name, namespace, False, f"{name} goes on. What becomes of it: fleet status {name}")


def _set_paused(name: str, namespace: str | None, wanted: bool, said: str) -> None:
    async def write(client: HttpKubeClient, where: str) -> None:
        service = await get_service(client, where, name)
        if bool(service["spec"].get("paused")) != wanted:
            await client.correct(service, [{"op": "add", "path": "/spec/paused", "value": wanted}])

    in_cluster(write, namespace)
    typer.echo(said)
