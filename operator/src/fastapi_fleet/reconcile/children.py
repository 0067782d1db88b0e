"""Children in the cluster: read, apply what differs, delete what is no longer wanted."""

from collections.abc import Iterable, Iterator

import structlog
from prometheus_client import Counter

from fastapi_fleet.errors import ApiRefusedError
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.client import KubeClient
from fastapi_fleet.kube.kinds import CHILDREN, JOB, OPTIONAL, Object, ObjectKey, key_of
from fastapi_fleet.reconcile.ownership import is_garbage_collected_with, owner_key
from fastapi_fleet.resources.equality import holds, is_made_from
from fastapi_fleet.resources.manifest import Manifest, Owner
from fastapi_fleet.resources.strays import removal_of_strays

APPLIED = Counter("fastapi_fleet_children_applied_total", "Children written, by kind.", ["kind"])
DRIFTED = Counter(
    "fastapi_fleet_drift_corrections_total", "Children put right that somebody else had changed, by kind.", ["kind"]
)
PRUNED = Counter("fastapi_fleet_children_pruned_total", "Children deleted because no longer wanted.", ["kind"])

log = structlog.get_logger(__name__)

_CHILD_KINDS = frozenset(kind.name for kind in (*CHILDREN, *OPTIONAL))


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
        differing = [manifest for manifest in manifests if is_to_be_written(manifest, self._known(manifest, live))]
        for manifest in differing:
            await self._make_so(manifest, self._known(manifest, live))
            APPLIED.labels(manifest["kind"]).inc()
        if differing:
            log.info("Applied children", children=[str(key_of(manifest)) for manifest in differing])

    def _known(self, manifest: Manifest, live: dict[ObjectKey, Object]) -> Object | None:
        """The newest known state of the child: `live` is as old as the beginning of the pass."""
        key = key_of(manifest)
        return self._cache.get(key) or live.get(key)

    async def _make_so(self, manifest: Manifest, known: Object | None) -> None:
        """Apply, and take out what others added to the operator's own lists and maps, which applying leaves there.

        Strays go first where they are all that can have changed, or where the manifest cannot be applied beside them;
        else they go last: then a new revision rolls out once, not twice.
        """
        if known is not None and is_made_from(known, manifest):
            DRIFTED.labels(known["kind"]).inc()
            await self._remove_strays(known, manifest)
        try:
            applied = await self._kube.apply(manifest)
        except ApiRefusedError:
            if known is None or not await self._remove_strays(known, manifest):
                raise
            applied = await self._kube.apply(manifest)
        self._cache.put(applied)
        await self._remove_strays(applied, manifest)

    async def _remove_strays(self, live: Object, manifest: Manifest) -> bool:
        operations = removal_of_strays(live, manifest)
        if operations:
            self._cache.put(await self._kube.correct(live, operations))
            log.info("Took strays out of child", child=str(key_of(live)), paths=[item["path"] for item in operations])
        return bool(operations)

    async def prune(self, owner: Owner, wanted: Iterable[Manifest]) -> None:
        """Delete children that the owner would take with it and that are no longer wanted."""
        for child in unwanted(self._cache, owner, wanted):
            await self._kube.delete(child)
            PRUNED.labels(child["kind"]).inc()
            log.info("Deleted child that is no longer wanted", child=str(key_of(child)))


def is_to_be_written(manifest: Manifest, live: Object | None) -> bool:
    """Whether applying it would make or change its object, and may.

    A Job that is there is put right where somebody changed it, and never made another: what it runs cannot change, and
    a later operator may render it otherwise.
    """
    if live is None:
        return True
    would_be_another = manifest["kind"] == JOB.name and not is_made_from(live, manifest)
    return not would_be_another and not holds(live, manifest)


def unwanted(cache: ObjectCache, owner: Owner, wanted: Iterable[Manifest]) -> Iterator[Object]:
    """Children that the owner would take with it, that are no longer wanted and not going yet."""
    keep = {key_of(manifest) for manifest in wanted}
    for child in cache.owned_by(owner_key(owner)):
        key = key_of(child)
        if key in keep or key.kind not in _CHILD_KINDS or not is_garbage_collected_with(child, owner):
            continue
        if not child["metadata"].get("deletionTimestamp"):
            yield child
