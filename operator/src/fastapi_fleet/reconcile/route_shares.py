"""The canary's share in the HTTPRoute that leads to a service."""

from collections.abc import Iterator

import structlog

from fastapi_fleet.api.canary_status import CanaryStatus
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.client import KubeClient
from fastapi_fleet.kube.kinds import HTTP_ROUTE, Object, key_of
from fastapi_fleet.reconcile.children import Children
from fastapi_fleet.reconcile.ownership import owner_key
from fastapi_fleet.reconcile.service_plan import ServicePlan
from fastapi_fleet.resources.equality import is_made_from
from fastapi_fleet.resources.manifest import Manifest
from fastapi_fleet.resources.route_weights import reweighting, with_weight

log = structlog.get_logger(__name__)


class RouteShares:
    def __init__(self, kube: KubeClient, cache: ObjectCache, children: Children) -> None:
        self._kube = kube
        self._cache = cache
        self._children = children

    def can_share(self, plan: ServicePlan, before: CanaryStatus | None) -> bool:
        """Whether there is an HTTPRoute, or was one that a hand has taken away since it had weights."""
        had_weights = before is not None and before.route_weight is not None
        return self._live(plan) is not None or (had_weights and any(_routes(plan)))

    async def share(self, plan: ServicePlan, weight: int | None) -> None:
        """Give the live HTTPRoute the weight, None where all requests are the service's own.

        It may be one of the spec before: an address changes with the promotion only. Where it is not, whatever else a
        hand has changed is put right, too.
        """
        live = self._live(plan)
        operations = reweighting(live, plan.spec, weight) if live is not None else []
        if live is not None and operations:
            live = await self._kube.correct(live, operations)
            self._cache.put(live)
            log.info("Weighted HTTPRoute", route=str(key_of(live)), canary=weight)
        if weight is not None:
            wanted = with_weight(_routes(plan), plan.spec, weight)
            await self._children.apply((item for item in wanted if live is None or is_made_from(live, item)), {})

    def _live(self, plan: ServicePlan) -> Object | None:
        owned = (child for child in self._cache.owned_by(owner_key(plan.owner)) if child["kind"] == HTTP_ROUTE.name)
        return next((route for route in owned if route["metadata"]["name"] == plan.owner.name), None)


def _routes(plan: ServicePlan) -> Iterator[Manifest]:
    """The one that the spec asks for, without weights."""
    return (manifest for manifest in plan.manifests.companions if manifest["kind"] == HTTP_ROUTE.name)
