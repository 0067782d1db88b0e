"""Children in the cluster: read, apply what differs, delete what is no longer wanted."""

from collections.abc import Iterable

import structlog
from prometheus_client import Counter

from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.client import KubeClient
from fastapi_fleet.kube.kinds import CHILDREN, Object, ObjectKey, key_of
from fastapi_fleet.reconcile.ownership import is_garbage_collected_with
from fastapi_fleet.resources.equality import holds
from fastapi_fleet.resources.manifest import Manifest, Owner

APPLIED = Counter("fastapi_fleet_children_applied_total", "Children written, by kind.", ["kind"])
PRUNED = Counter("fastapi_fleet_children_pruned_total", "Children deleted because no longer wanted.", ["kind"])

log = structlog.get_logger(__name__)

_CHILD_KINDS = frozenset(kind.name for kind in CHILDREN)


class Children:
    """Live children, as the cache has them and, where it has none, as the API server has."""

    def __init__(self, kube: KubeClient, cache: ObjectCache) -> None:
        self._kube = kube
        self._cache = cache

    async def live(self, keys: Iterable[ObjectKey]) -> dict[ObjectKey, Object]:
        """Live objects by key. One that the cache lacks is asked for: it may be foreign, which no watch shows."""
        found: dict[ObjectKey, Object] = {}
        for key in keys:
            obj = self._cache.get(key) or await self._kube.get(key)
            if obj is not None:
                found[key] = obj
        return found

    async def apply(self, manifests: Iterable[Manifest], live: dict[ObjectKey, Object]) -> None:
        """Write each manifest that its live object does not hold already, in order."""
        for manifest in manifests:
            key = key_of(manifest)
            known = self._cache.get(key) or live.get(key)
            if known is not None and holds(known, manifest):
                continue
            self._cache.put(await self._kube.apply(manifest))
            APPLIED.labels(key.kind).inc()
            log.info("Applied child", child=str(key), existed=known is not None)

    async def prune(self, owner: Owner, wanted: Iterable[Manifest]) -> None:
        """Delete children that the owner would take with it and that are no longer wanted."""
        keep = {key_of(manifest) for manifest in wanted}
        for child in self._cache.owned_by(ObjectKey(owner.kind, owner.namespace, owner.name)):
            key = key_of(child)
            if key in keep or key.kind not in _CHILD_KINDS or not is_garbage_collected_with(child, owner):
                continue
            if child["metadata"].get("deletionTimestamp"):
                continue
            await self._kube.delete(child)
            PRUNED.labels(key.kind).inc()
            log.info("Deleted child that is no longer wanted", child=str(key))
