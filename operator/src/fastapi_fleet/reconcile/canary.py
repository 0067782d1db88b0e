"""Canary of a service: a second Deployment with some pods of the new revision, which takes over step by step."""

from collections.abc import Iterator
from dataclasses import replace

from fastapi_fleet.api.canary_status import CanaryStatus
from fastapi_fleet.api.resource_status import FastAPIServiceStatus
from fastapi_fleet.api.times import Now, rfc3339
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.kinds import JOB, SERVICE, Object, ObjectKey, key_of
from fastapi_fleet.reconcile.canary_metrics import CanaryMetrics, canary_pods_of, is_of_canary
from fastapi_fleet.reconcile.children import Children
from fastapi_fleet.reconcile.observe import deployment_of, pods_of
from fastapi_fleet.reconcile.ownership import owner_key, refuse_foreign
from fastapi_fleet.reconcile.parse import parse_status
from fastapi_fleet.reconcile.route_shares import RouteShares
from fastapi_fleet.reconcile.service_plan import ServicePlan
from fastapi_fleet.resources import names
from fastapi_fleet.resources.canary import COMPONENTS, TRACK, component_of, render_canary, render_canary_service
from fastapi_fleet.resources.manifest import Manifest
from fastapi_fleet.resources.release import is_same_release
from fastapi_fleet.status.canary import CanarySight, due_in, is_at_work, is_beside, next_canary, unmeasured
from fastapi_fleet.status.canary_step import canary_obstacle
from fastapi_fleet.status.facts import CanaryFacts, ServiceFacts


class Canaries:
    def __init__(
        self, cache: ObjectCache, children: Children, routes: RouteShares, metrics: CanaryMetrics, now: Now
    ) -> None:
        self._cache = cache
        self._children = children
        self._routes = routes
        self._metrics = metrics
        self._now = now

    async def judge(self, plan: ServicePlan, resource: Object, facts: ServiceFacts) -> ServiceFacts:
        """Decide how far the canary is, if the spec asks for one and something runs that it can be beside."""
        sight = self._sight(plan, resource, facts)
        if sight is None:
            return replace(facts, canary=CanaryFacts())
        before = parse_status(resource, FastAPIServiceStatus).canary
        if sight.canary.analysis is not None and is_at_work(before, sight):
            pods = canary_pods_of(plan.observed.pods, sight.revision)
            verdict = await self._metrics.verdict(sight.canary.analysis, plan.spec, pods)
            sight = replace(sight, verdict=verdict)
        state = next_canary(before, sight)
        return replace(facts, canary=CanaryFacts(state, due_in(state, sight), sight.obstacle, unmeasured(sight)))

    async def run(self, plan: ServicePlan, facts: ServiceFacts) -> tuple[Manifest, ...]:
        """Write what the canary needs where it is wanted, and tell what is to be kept. Raises NotOwnedError.

        In the order that loses no request: a Service before weights lead to it, and weights back before pods go.
        """
        wanted = _wanted(plan, _state(facts))
        live = await self._children.live(key_of(manifest) for manifest in wanted)
        refuse_foreign(wanted, live, plan.owner)
        await self._children.apply((item for item in wanted if item["kind"] == SERVICE.name), live)
        await self._routes.share(plan, route_weight(facts))
        await self._children.apply(wanted, live)
        return (*wanted, *self._still_led_to(plan))

    def held(self, plan: ServicePlan, facts: ServiceFacts) -> Iterator[Object]:
        """What the revision that serves may need stays, wanted or not, until the one to come takes over."""
        if plan.takes_over(facts):
            return
        for child in self._cache.owned_by(owner_key(plan.owner)):
            if child["kind"] != JOB.name and child["metadata"]["name"] != names.canary(plan.owner.name):
                yield child

    def _still_led_to(self, plan: ServicePlan) -> Iterator[Object]:
        """A gateway that has not heard yet finds pods that are going by the canary's Service."""
        key = ObjectKey(SERVICE.name, plan.owner.namespace, names.canary(plan.owner.name))
        pods = pods_of(self._cache, owner_key(plan.owner), *COMPONENTS)
        service = self._cache.get(key)
        if service is not None and any(map(is_of_canary, pods)):
            yield service

    def _sight(self, plan: ServicePlan, resource: Object, facts: ServiceFacts) -> CanarySight | None:
        rollout, stable = plan.spec.rollout, plan.observed.deployment
        goes_back = rollout.rollback_to is not None or facts.rollback is not None
        if rollout.canary is None or goes_back or stable is None or facts.revision is None:
            return None
        status = parse_status(resource, FastAPIServiceStatus)
        by_route = self._routes.can_share(plan, status.canary)
        trial = deployment_of(self._cache, owner_key(plan.owner), names.canary(plan.owner.name))
        if trial is not None and component_of(trial) != _component(by_route=by_route):
            trial = None
        return CanarySight(
            now=rfc3339(self._now()),
            generation=facts.generation,
            revision=facts.revision,
            canary=rollout.canary,
            deadline_seconds=rollout.deadline_seconds(plan.spec.probes.startup_seconds),
            is_proven=any(record.revision == facts.revision and record.ready for record in status.history),
            may_run=plan.may_run(facts),
            stable=stable,
            trial=trial,
            is_renewal=is_same_release(stable, plan.manifests.workload),
            obstacle=canary_obstacle(facts, trial),
            by_route=by_route,
        )


def route_weight(facts: ServiceFacts) -> int | None:
    """What an HTTPRoute is to give to the canary."""
    state = _state(facts)
    return state.route_weight if state is not None else None


def _state(facts: ServiceFacts) -> CanaryStatus | None:
    return facts.canary.state if facts.canary is not None else None


def _component(*, by_route: bool) -> str:
    """Beside an HTTPRoute with weights no other address leads to the canary: its share is exact."""
    return TRACK if by_route else "service"


def _wanted(plan: ServicePlan, state: CanaryStatus | None) -> list[Manifest]:
    if state is None or not is_beside(state):
        return []
    if state.route_weight is None:
        return [render_canary(plan.owner, plan.manifests.workload, state.replicas, "service")]
    return [
        render_canary_service(plan.owner, plan.spec),
        render_canary(plan.owner, plan.manifests.workload, state.replicas, TRACK),
    ]
