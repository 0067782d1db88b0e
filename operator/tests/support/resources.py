"""Custom resources as people write them."""

from typing import Any

from fastapi_fleet.constants import API_VERSION
from fastapi_fleet.kube.kinds import FASTAPI_SERVICE, FLEET_PLATFORM, Object

IMAGE = "registry.example/shop:1"


def fastapi_service(name: str = "shop", **spec: Any) -> Object:
    """A FastAPIService; `spec` in the words of the API, an image is filled in."""
    return _resource(FASTAPI_SERVICE.name, name, {"image": IMAGE, **spec})


def fleet_platform(name: str = "default", **spec: Any) -> Object:
    return _resource(FLEET_PLATFORM.name, name, spec)


def _resource(kind: str, name: str, spec: dict[str, Any]) -> Object:
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name, "namespace": "team", "uid": f"uid-{name}", "generation": 1, "resourceVersion": "1"},
        "spec": spec,
    }
