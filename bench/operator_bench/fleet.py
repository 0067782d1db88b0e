"""The FastAPIServices of a run, written as their users write them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi_fleet.constants import API_VERSION
from fastapi_fleet.kube.http_client import APPLY, MERGE
from fastapi_fleet.kube.kinds import FASTAPI_SERVICE, FLEET_PLATFORM, Object

from operator_bench.api_server import ApiServer, MeasurementError, poll

FIELD_MANAGER = "bench"
FIRST_IMAGE = "registry.example/app:1"
PLATFORM_MODEL = ("default", "default")
PLATFORM_SECONDS = 180.0


@dataclass(frozen=True)
class Fleet:
    """Every method that returns seconds returns the time.perf_counter() at which the API server had answered."""

    api: ApiServer
    namespace: str

    async def create(self, name: str) -> float:
        await self.created(name)
        return time.perf_counter()

    async def created(self, name: str) -> Object:
        """Create a service and return it as it is then."""
        path = FASTAPI_SERVICE.path(self.namespace)
        return await self.api.call("POST", path, self.manifest(name), params={"fieldManager": FIELD_MANAGER})

    async def edit_image(self, name: str, image: str) -> float:
        await self.edited(name, image)
        return time.perf_counter()

    async def edited(self, name: str, image: str) -> Object:
        """Change the image of a service and return the service as it is then."""
        params = {"fieldManager": FIELD_MANAGER}
        patch = {"spec": {"image": image}}
        return await self.api.call("PATCH", self._path(name), patch, params=params, content_type=MERGE)

    async def list_services(self) -> list[Object]:
        listed = await self.api.call("GET", FASTAPI_SERVICE.path(self.namespace))
        services: Sequence[Object] = listed["items"]
        return [{"apiVersion": API_VERSION, "kind": FASTAPI_SERVICE.name, **service} for service in services]

    async def apply_again(self, service: Object) -> None:
        """Server-side apply of what is there already."""
        name = service["metadata"]["name"]
        manifest = self.manifest(name) | {"spec": service["spec"]}
        params = {"fieldManager": FIELD_MANAGER, "force": "true"}
        await self.api.call("PATCH", self._path(name), manifest, params=params, content_type=APPLY)

    async def replace_again(self, service: Object) -> None:
        """Update with what is there already, as `kubectl replace` and many clients do."""
        name = service["metadata"]["name"]
        current = await self.api.call("GET", self._path(name))
        await self.api.call("PUT", self._path(name), current, params={"fieldManager": FIELD_MANAGER})

    async def create_backed(self, name: str) -> float:
        """Make a service with a database and a broker user of its own."""
        manifest = self.manifest(name)
        manifest["spec"] |= {
            "database": {},
            "broker": {"publishes": [f"{name}.changed"], "consumes": [f"{name}.asked"]},
        }
        await self.api.call(
            "POST", FASTAPI_SERVICE.path(self.namespace), manifest, params={"fieldManager": FIELD_MANAGER}
        )
        return time.perf_counter()

    async def provide_platform(self) -> None:
        """Make a platform like that of the cluster's own services and wait until its servers answer.

        Raises MeasurementError when the cluster has none, or when the copy does not get ready.
        """
        model = await self.api.find(FLEET_PLATFORM.path(*PLATFORM_MODEL))
        if model is None:
            raise MeasurementError(f"there is no FleetPlatform {'/'.join(PLATFORM_MODEL)}: `make up` makes it")
        manifest = {
            "apiVersion": API_VERSION,
            "kind": FLEET_PLATFORM.name,
            "metadata": {"name": "default", "namespace": self.namespace},
            "spec": model["spec"],
        }
        await self.api.call("POST", FLEET_PLATFORM.path(self.namespace), manifest)
        await poll("readiness of the platform", self._platform_ready, PLATFORM_SECONDS)

    async def _platform_ready(self) -> bool | None:
        platform = await self.api.find(FLEET_PLATFORM.path(self.namespace, "default"))
        conditions = ((platform or {}).get("status") or {}).get("conditions") or ()
        return True if any(item["type"] == "Ready" and item["status"] == "True" for item in conditions) else None

    def manifest(self, name: str) -> Object:
        """Without pods, so that no kubelet takes part; with configuration, so that there is a ConfigMap."""
        return {
            "apiVersion": API_VERSION,
            "kind": FASTAPI_SERVICE.name,
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {"image": FIRST_IMAGE, "replicas": 0, "config": {"LOG_LEVEL": "info", "REGION": "here"}},
        }

    def _path(self, name: str) -> str:
        return FASTAPI_SERVICE.path(self.namespace, name)
