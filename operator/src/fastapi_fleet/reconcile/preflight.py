"""Preflight of a service: a Job for each image and configuration, passed before its migrations and its pods begin."""

from dataclasses import replace

from fastapi_fleet.constants import ANNOTATION_PREFLIGHT
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.kinds import Object, ObjectKey, key_of
from fastapi_fleet.reconcile.children import Children
from fastapi_fleet.reconcile.observe import pods_of
from fastapi_fleet.reconcile.ownership import owner_key, refuse_foreign
from fastapi_fleet.reconcile.service_plan import ServicePlan
from fastapi_fleet.resources.equality import is_made_from
from fastapi_fleet.resources.preflight_job import COMPONENT
from fastapi_fleet.status.facts import PreflightFacts, ServiceFacts
from fastapi_fleet.status.revisions import revision_of


class Preflights:
    def __init__(self, cache: ObjectCache, children: Children) -> None:
        self._cache = cache
        self._children = children

    async def run(self, plan: ServicePlan, facts: ServiceFacts) -> ServiceFacts:
        """Begin the check where what it asks about does not run already, and say how far it is.

        A Job that is there is put right and never made another, as with migrations. Raises NotOwnedError.
        """
        wanted = plan.manifests.preflight
        if wanted is None:
            return facts
        key = key_of(wanted)
        live = await self._live(key, plan)
        refuse_foreign([wanted], live, plan.owner)
        there = live.get(key)
        if is_made_from(there, wanted) if there is not None else not runs_already(plan):
            await self._children.apply([wanted], live)
        job = self._cache.get(key) or there
        return replace(facts, preflight=PreflightFacts(job, pods_of(self._cache, owner_key(plan.owner), COMPONENT)))

    async def _live(self, key: ObjectKey, plan: ServicePlan) -> dict[ObjectKey, Object]:
        """The API server is not asked for the Job of what runs already: it may be gone, and each pass would ask."""
        known = self._cache.get(key)
        if known is not None:
            return {key: known}
        return {} if runs_already(plan) else await self._children.live([key])


def runs_already(plan: ServicePlan) -> bool:
    """Whether it was checked before it was written or, where nothing was checked then, whether it serves."""
    live = plan.observed.deployment
    if live is None:
        return False
    checked, wanted = _annotation(live), _annotation(plan.manifests.workload)
    if checked is not None:
        return checked == wanted
    serves = (live.get("status") or {}).get("availableReplicas", 0) > 0
    return serves and revision_of(live) == revision_of(plan.manifests.workload)


def _annotation(deployment: Object) -> str | None:
    annotations: dict[str, str] = deployment["metadata"].get("annotations") or {}
    return annotations.get(ANNOTATION_PREFLIGHT)
