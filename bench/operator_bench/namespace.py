"""The namespace of a run: made for it, and removed with all that is in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from operator_bench.api_server import ApiServer, MeasurementError, poll

LABEL = "fastapi-fleet.io/bench"
REMOVAL_SECONDS = 600.0


@asynccontextmanager
async def fresh_namespace(api: ApiServer, name: str) -> AsyncIterator[None]:
    """An empty namespace while the context is open; gone when it has closed.

    One that an interrupted run left behind is replaced. Raises MeasurementError when the name is somebody else's.
    """
    left = await api.find(f"/api/v1/namespaces/{name}")
    if left is not None:
        if LABEL not in (left["metadata"].get("labels") or {}):
            raise MeasurementError(f"namespace {name} exists and was not made by this command: choose another")
        await remove_namespace(api, name)
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {LABEL: "true"}}}
    await api.call("POST", "/api/v1/namespaces", manifest)
    try:
        yield
    finally:
        await remove_namespace(api, name)


async def remove_namespace(api: ApiServer, name: str) -> None:
    """Delete the namespace and wait until it is gone."""
    path = f"/api/v1/namespaces/{name}"
    if await api.find(path) is not None:
        await api.call("DELETE", path)

    async def gone() -> bool | None:
        return True if await api.find(path) is None else None

    await poll(f"removal of namespace {name}", gone, REMOVAL_SECONDS)
