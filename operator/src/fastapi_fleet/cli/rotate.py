"""`fleet rotate`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from fastapi_fleet.cli.cluster import ContextName, Namespace, in_cluster
from fastapi_fleet.cli.exits import ExitCode, fail
from fastapi_fleet.cli.output import Format, Output, print_done
from fastapi_fleet.cli.services import ServiceName, get_service
from fastapi_fleet.constants import ANNOTATION_ROTATE
from fastapi_fleet.kube.http_client import HttpKubeClient
from fastapi_fleet.kube.kinds import Object

EXAMPLES = "Examples: fleet rotate shop · fleet rotate shop -n team && fleet status shop -n team"


def rotate(
    name: ServiceName, namespace: Namespace = None, context: ContextName = None, output: Output = Format.TEXT
) -> None:
    """Give a service new passwords for its database and broker, and new signing keys, while it runs.

    Its pods restart one by one; the old passwords are locked when none of them logs in by them any more, and an old key
    is dropped when the tokens that it signed are over.
    """
    asked_at = datetime.now(UTC).isoformat()

    async def write(client: HttpKubeClient, where: str) -> str:
        service = await get_service(client, where, name)
        spec = service.get("spec") or {}
        if not any(_what_rotates(spec)):
            why = f"{name} has neither database nor broker nor signingKey"
            fail(why, "There is no password and no key to change.", ExitCode.FOUND)
        if spec.get("paused"):
            fail(f"{name} is paused: the operator would change nothing", f"First: fleet resume {name}", ExitCode.FOUND)
        await client.correct(service, [_operation(service, asked_at)])
        return where

    where = in_cluster(write, namespace, context)
    said = f"{name} gets new passwords and keys. How far that is: fleet status {name}"
    print_done(said, {"name": name, "namespace": where, "rotate": asked_at}, output)


def _what_rotates(spec: Object) -> Iterator[object]:
    """Parts of a spec as they were written: `{}` asks for a database, too."""
    yield from (spec[part] is not None for part in ("database", "broker") if part in spec)
    yield from (secret.get("signingKey") for secret in spec.get("secrets") or ())


def _operation(service: Object, asked_at: str) -> dict[str, Any]:
    """JSON Patch that asks once more. The annotations as a whole: there may be none yet."""
    annotations: dict[str, str] = service["metadata"].get("annotations") or {}
    wanted = annotations | {ANNOTATION_ROTATE: asked_at}
    return {"op": "add", "path": "/metadata/annotations", "value": wanted}
