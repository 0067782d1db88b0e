"""`fleet rollback`."""

from typing import Annotated, Any

import typer

from fastapi_fleet.api.resource_status import FastAPIServiceStatus
from fastapi_fleet.cli.cluster import ContextName, Namespace, in_cluster
from fastapi_fleet.cli.exits import ExitCode, fail
from fastapi_fleet.cli.output import Format, Output, print_done
from fastapi_fleet.cli.services import ServiceName, get_service
from fastapi_fleet.kube.http_client import HttpKubeClient
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.reconcile.parse import parse_status

EXAMPLES = "Examples: fleet rollback shop · fleet rollback shop --to 3326a7b6b0a2f753 · fleet rollback shop --end"


def rollback(
    name: ServiceName,
    namespace: Namespace = None,
    context: ContextName = None,
    to: Annotated[
        str | None, typer.Option(help="Revision to run. The newest other one that was ready when left out.")
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="Go forward again: run what the spec says.")] = False,
    output: Output = Format.TEXT,
) -> None:
    """Run an earlier revision of a service again, with its image and configuration. fleet status lists them."""
    if end and to is not None:
        fail("--to and --end say different things", "Keep one of them.", ExitCode.USAGE)

    async def write(client: HttpKubeClient, where: str) -> tuple[str, str | None]:
        service = await get_service(client, where, name)
        revision = None if end else _target(service, to)
        await client.correct(service, [_operation(service, revision)])
        return where, revision

    where, revision = in_cluster(write, namespace, context)
    what = f"goes back to revision {revision}" if revision else "goes forward to what its spec says"
    said = f"{name} {what}. What becomes of it: fleet status {name}"
    print_done(said, {"name": name, "namespace": where, "rollbackTo": revision}, output)


def _target(service: Object, to: str | None) -> str:
    """A revision that status tells of. Ends the command where there is none such."""
    status = parse_status(service, FastAPIServiceStatus)
    if to is None:
        asked_for = status.rollback.revision if status.rollback else status.revision
        ready = [record.revision for record in status.history if record.ready and record.revision != asked_for]
        if not ready:
            fail("no other revision was ever ready", "fleet status lists all; --to takes one of them.", ExitCode.FOUND)
        return ready[0]
    known = [record.revision for record in status.history]
    if to not in known:
        fail(f"nothing is known of revision {to}", f"There are {', '.join(known) or 'none'}.", ExitCode.FOUND)
    return to


def _operation(service: Object, revision: str | None) -> dict[str, Any]:
    """JSON Patch that leaves the rest of spec.rollout as it is."""
    rollout = {key: value for key, value in (service["spec"].get("rollout") or {}).items() if key != "rollbackTo"}
    wanted = rollout if revision is None else rollout | {"rollbackTo": revision}
    return {"op": "add", "path": "/spec/rollout", "value": wanted}
