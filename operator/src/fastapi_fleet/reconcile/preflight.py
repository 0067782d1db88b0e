"""Preflight of a service: a Job for each image and configuration, passed before its migrations and its pods begin."""

from dataclasses import replace

from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.kinds import Object, ObjectKey, key_of
from fastapi_fleet.reconcile.children import Children
from fastapi_fleet.reconcile.contracts import kept_in
from fastapi_fleet.reconcile.observe import pods_of
from fastapi_fleet.reconcile.ownership import owner_key, refuse_foreign
from fastapi_fleet.reconcile.service_plan import ServicePlan
from fastapi_fleet.resources.preflight_job import COMPONENT, asked_app, checked_before
from fastapi_fleet.status.facts import PreflightFacts, ServiceFacts
from fastapi_fleet.status.revisions import revision_of


class Preflights:
    def __init__(self, cache: ObjectCache, children: Children) -> None:
        self._cache = cache
        self._children = children

    async def run(self, plan: ServicePlan, facts: ServiceFacts) -> ServiceFacts:
        """Begin the check where what is to run does not run already, and say how far it is. Raises NotOwnedError."""
        wanted = plan.manifests.preflight
        if wanted is None:
            return facts
        key = key_of(wanted)
        live = await self._live(key, plan)
        refuse_foreign([wanted], live, plan.owner)
        there = live.get(key)
        if there is not None or not asks_nothing(plan, self._cache):
            await self._children.apply([wanted], live)
        pods = pods_of(self._cache, owner_key(plan.owner), COMPONENT)
        return replace(facts, preflight=PreflightFacts(self._cache.get(key) or there, pods, runs_already(plan)))

    async def _live(self, key: ObjectKey, plan: ServicePlan) -> dict[ObjectKey, Object]:
        """The API server is not asked for the Job of what runs already: it may be gone, and each pass would ask."""
        known = self._cache.get(key)
        if known is not None:
            return {key: known}
        return {} if asks_nothing(plan, self._cache) else await self._children.live([key])


def asks_nothing(plan: ServicePlan, cache: ObjectCache) -> bool:
    """Whether what is to run does so already, and its OpenAPI document is kept where one is wanted."""
    if asked_app(plan.spec) is None:
        return runs_already(plan)
    check = checked_before(plan.manifests.workload)
    return runs_already(plan) and check is not None and kept_in(cache, plan.owner, check) is not None


def runs_already(plan: ServicePlan) -> bool:
    """Whether it was checked before it was written or, where nothing was checked then, whether it serves."""
    live = plan.observed.deployment
    if live is None:
        return False
    checked, wanted = checked_before(live), checked_before(plan.manifests.workload)
    if checked is not None:
        return checked == wanted
    serves = (live.get("status") or {}).get("availableReplicas", 0) > 0
    return serves and revision_of(live) == revision_of(plan.manifests.workload)
