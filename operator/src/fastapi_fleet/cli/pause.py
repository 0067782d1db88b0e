"""`fleet pause` and `fleet resume`."""

from fastapi_fleet.cli.cluster import ContextName, Namespace, in_cluster
from fastapi_fleet.cli.output import Format, Output, print_done
from fastapi_fleet.cli.services import ServiceName, get_service
from fastapi_fleet.kube.http_client import HttpKubeClient

PAUSE_EXAMPLES = "Examples: fleet pause shop · fleet pause shop -n team, then fleet resume shop -n team"
RESUME_EXAMPLES = "Examples: fleet resume shop · fleet resume shop -n team"


def pause(
    name: ServiceName, namespace: Namespace = None, context: ContextName = None, output: Output = Format.TEXT
) -> None:
    """Keep the operator's hands off a service: it writes nothing but status. Pods go on running."""
    said = "is paused: the operator writes nothing but its status. To go on: fleet resume"
    where = _set_paused(name, namespace, context, True)
    print_done(f"{name} {said} {name}", {"name": name, "namespace": where, "paused": True}, output)


def resume(
    name: ServiceName, namespace: Namespace = None, context: ContextName = None, output: Output = Format.TEXT
) -> None:
    """Let the operator go on with a service: everything becomes as its spec says, changes by hand included."""
    where = _set_paused(name, namespace, context, False)
    said = f"{name} goes on. What becomes of it: fleet status {name}"
    print_done(said, {"name": name, "namespace": where, "paused": False}, output)


def _set_paused(name: str, namespace: str | None, context: str | None, wanted: bool) -> str:
    """Returns the service's namespace."""

    async def write(client: HttpKubeClient, where: str) -> str:
        service = await get_service(client, where, name)
        if bool(service["spec"].get("paused")) != wanted:
            await client.correct(service, [{"op": "add", "path": "/spec/paused", "value": wanted}])
        return where

    return in_cluster(write, namespace, context)
