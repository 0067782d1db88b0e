"""`fleet retry`."""

from fastapi_fleet.cli.cluster import ContextName, Namespace, in_cluster
from fastapi_fleet.cli.exits import ExitCode, fail
from fastapi_fleet.cli.output import Format, Output, print_done
from fastapi_fleet.cli.services import ServiceName, belonging_to, get_service
from fastapi_fleet.kube.http_client import HttpKubeClient
from fastapi_fleet.kube.kinds import JOB, Object
from fastapi_fleet.reconcile.ownership import is_owned, owner_from
from fastapi_fleet.status.jobs import failure_of

EXAMPLES = "Examples: fleet retry shop · fleet retry shop -n team && fleet logs shop --migration --follow"


def retry(
    name: ServiceName,
    namespace: Namespace = None,
    context: ContextName = None,
    output: Output = Format.TEXT,
) -> None:
    """Run a failed preflight or failed migrations of a service again, with the image and configuration of its spec now.

    The failed Job is deleted with its pods, and their logs with them; the operator then makes it anew. Exit code 1
    says that none has failed.
    """

    async def write(client: HttpKubeClient, where: str) -> tuple[str, list[str]]:
        service = await get_service(client, where, name)
        if (service.get("spec") or {}).get("paused"):
            fail(f"{name} is paused: the operator would run nothing", f"First: fleet resume {name}", ExitCode.FOUND)
        failed = [job for job in await _jobs(client, where, service) if failure_of(job)]
        for job in failed:
            await client.delete(job)
        return where, [job["metadata"]["name"] for job in failed]

    where, deleted = in_cluster(write, namespace, context)
    if not deleted:
        fail(
            f"no preflight and no migration of {name} has failed", f"How far it is: fleet status {name}", ExitCode.FOUND
        )
    said = f"{name} tries again in place of {', '.join(deleted)}. What becomes of it: fleet status {name}"
    print_done(said, {"name": name, "namespace": where, "deleted": deleted}, output)


async def _jobs(client: HttpKubeClient, namespace: str, service: Object) -> list[Object]:
    """Its own, not those of a predecessor of the same name."""
    jobs = await client.list_objects(JOB, namespace, belonging_to(service["metadata"]["name"]))
    return [job for job in jobs if is_owned(job, owner_from(service))]
