"""The one status write of a pass, made only where something differs."""

from collections.abc import Callable
from typing import Any

from fastapi_fleet.api.resource_status import ResourceStatus
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.client import KubeClient
from fastapi_fleet.kube.kinds import Object, key_of

Announce = Callable[[Object, Object], None]
"""Told of each resource whose status was written: as it was before, and as it is."""


class StatusWriter:
    """To the watches a write of the operator's own is no news: `announce` is told of it."""

    def __init__(self, kube: KubeClient, cache: ObjectCache, announce: Announce) -> None:
        self._kube = kube
        self._cache = cache
        self._announce = announce

    async def write(self, resource: Object, status: ResourceStatus) -> None:
        """Make the status so. Nothing is sent when it is so already."""
        patch = status_patch(resource.get("status") or {}, status)
        if not patch:
            return
        written = await self._kube.patch_status(key_of(resource), patch)
        if written is not None:
            self._cache.put(written)
            self._announce(resource, written)


def status_patch(known: dict[str, Any], status: ResourceStatus) -> dict[str, Any]:
    """Merge patch from the known status to the wanted one; None removes a field."""
    wanted: dict[str, Any] = status.model_dump(mode="json", by_alias=True, exclude_none=True)
    changed = {field: value for field, value in wanted.items() if known.get(field) != value}
    return changed | {field: None for field in known if field not in wanted}
