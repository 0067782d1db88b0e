"""When Deployments were seen, by one watch for both sides of every comparison."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from fastapi_fleet.kube.kinds import DEPLOYMENT, Object

from operator_bench.api_server import ApiServer, MeasurementError
from operator_bench.task_group import task_group

NO_PROGRESS_SECONDS = 120.0
"""How long nothing new may be seen before the run is given up."""


class DeploymentWatch:
    """Times are those of time.perf_counter()."""

    def __init__(self) -> None:
        self.first_seen: dict[str, float] = {}
        self._image_seen: dict[tuple[str, str], float] = {}
        self._news = asyncio.Event()

    async def until_all(self, names: Iterable[str]) -> None:
        """Wait until every Deployment has been there."""
        wanted = set(names)
        await self._until(lambda: self.first_seen.keys() >= wanted)

    async def until_image(self, name: str, image: str) -> float:
        """When the Deployment was first seen with the image. Waits for it."""
        await self._until(lambda: (name, image) in self._image_seen)
        return self._image_seen[name, image]

    def saw(self, deployment: Object) -> None:
        now = time.perf_counter()
        name = deployment["metadata"]["name"]
        image = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
        self.first_seen.setdefault(name, now)
        self._image_seen.setdefault((name, image), now)
        self._news.set()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), NO_PROGRESS_SECONDS)
            except TimeoutError:
                raise MeasurementError(f"no Deployment changed for {NO_PROGRESS_SECONDS:.0f} s") from None


@asynccontextmanager
async def watch_deployments(api: ApiServer, namespace: str) -> AsyncIterator[DeploymentWatch]:
    """A watch of an empty namespace's Deployments while the context is open.

    Raises MeasurementError, out of the context, when the watch breaks.
    """
    watch = DeploymentWatch()
    listed = await api.call("GET", DEPLOYMENT.path(namespace))
    async with task_group() as group:
        reader = group.create_task(_read(api, namespace, listed["metadata"]["resourceVersion"], watch))
        yield watch
        reader.cancel()


async def _read(api: ApiServer, namespace: str, version: str, watch: DeploymentWatch) -> None:
    params = {"watch": "true", "resourceVersion": version, "timeoutSeconds": "3600"}
    async with api.streams.get(DEPLOYMENT.path(namespace), params=params) as response:
        async for line in response.content:
            event = json.loads(line)
            if event["type"] == "ERROR":
                raise MeasurementError(f"watch of Deployments: {event['object'].get('message')}")
            if event["type"] != "DELETED":
                watch.saw(event["object"])
    raise MeasurementError("the API server ended the watch of Deployments")
