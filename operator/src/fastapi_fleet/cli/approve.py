"""`fleet approve`."""

from typing import Annotated

import typer

from fastapi_fleet.api.resource_status import FastAPIServiceStatus
from fastapi_fleet.cli.cluster import ContextName, Namespace, in_cluster
from fastapi_fleet.cli.exits import ExitCode, fail
from fastapi_fleet.cli.output import Format, Output, print_done
from fastapi_fleet.cli.services import ServiceName, get_service
from fastapi_fleet.constants import ANNOTATION_APPROVED
from fastapi_fleet.kube.http_client import HttpKubeClient
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.reconcile.parse import parse_status

EXAMPLES = "Examples: fleet approve shop · fleet approve shop --revision 3326a7b6b0a2f753 -n team"


def approve(
    name: ServiceName,
    namespace: Namespace = None,
    context: ContextName = None,
    revision: Annotated[
        str | None, typer.Option(help="The revision that was looked at. The one that waits when left out.")
    ] = None,
    output: Output = Format.TEXT,
) -> None:
    """Let a revision in that breaks callers of a service with spec.preflight.contract.policy: RequireApproval.

    It is bound to that revision: another image or configuration needs another approval. Exit code 1 says that none
    waits, or another.
    """

    async def write(client: HttpKubeClient, where: str) -> tuple[str, str]:
        service = await get_service(client, where, name)
        waiting = parse_status(service, FastAPIServiceStatus).awaits_approval
        if waiting is None:
            fail(f"no revision of {name} waits for approval", f"How far it is: fleet status {name}", ExitCode.FOUND)
        if revision not in {None, waiting}:
            fail(f"revision {waiting} waits, not {revision}", f"What it breaks: fleet status {name}", ExitCode.FOUND)
        await client.correct(service, [_operation(service, waiting)])
        return where, waiting

    where, approved = in_cluster(write, namespace, context)
    said = f"{name} may run revision {approved}. What becomes of it: fleet status {name}"
    print_done(said, {"name": name, "namespace": where, "approved": approved}, output)


def _operation(service: Object, revision: str) -> dict[str, object]:
    """JSON Patch that leaves other annotations as they are, also where there are none."""
    annotations = service["metadata"].get("annotations") or {}
    return {"op": "add", "path": "/metadata/annotations", "value": {**annotations, ANNOTATION_APPROVED: revision}}
