"""FastAPIServices by their names."""

from fastapi_fleet.cli.exits import ExitCode, fail
from fastapi_fleet.kube.client import KubeClient
from fastapi_fleet.kube.kinds import FASTAPI_SERVICE, Object, ObjectKey


async def get_service(client: KubeClient, namespace: str, name: str) -> Object:
    """One service. Ends the command where it is not there, and says which are."""
    service = await client.get(ObjectKey(FASTAPI_SERVICE.name, namespace, name))
    if service is None:
        there = [item["metadata"]["name"] for item in await client.list_objects(FASTAPI_SERVICE, namespace, None)]
        hint = f"There are {', '.join(there)}." if there else "There is none in that namespace: name another by -n."
        fail(f"there is no FastAPIService {name} in namespace {namespace}", hint, ExitCode.FOUND)
    return {"apiVersion": FASTAPI_SERVICE.api_version, "kind": FASTAPI_SERVICE.name, **service}
