"""The pass over a FastAPIService."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.resource_status import FastAPIServiceStatus
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.api.times import Now, rfc3339
from fastapi_fleet.constants import FINALIZER
from fastapi_fleet.errors import ApiConflictError, ReconcileError
from fastapi_fleet.kube.cache import ObjectCache, called_by
from fastapi_fleet.kube.client import KubeClient
from fastapi_fleet.kube.kinds import FASTAPI_SERVICE, Object, ObjectKey, key_of
from fastapi_fleet.reconcile.backing_services import BackingServices
from fastapi_fleet.reconcile.canary import Canaries, route_weight
from fastapi_fleet.reconcile.canary_metrics import CanaryMetrics, MetricsReader
from fastapi_fleet.reconcile.children import Children
from fastapi_fleet.reconcile.contracts import Contracts
from fastapi_fleet.reconcile.credentials import ServiceIdentity, password_in
from fastapi_fleet.reconcile.dependents import Dependents
from fastapi_fleet.reconcile.migrations import Migrations
from fastapi_fleet.reconcile.observe import Observed, dependency_keys, observe_service
from fastapi_fleet.reconcile.on_platform import on_platform
from fastapi_fleet.reconcile.outcome import DONE, Outcome, outcome_of
from fastapi_fleet.reconcile.ownership import owner_from
from fastapi_fleet.reconcile.parse import parse_service, parse_status
from fastapi_fleet.reconcile.preflight import Preflights
from fastapi_fleet.reconcile.references import References
from fastapi_fleet.reconcile.release import Left, Release
from fastapi_fleet.reconcile.rollback import restorable_specs, wanted_spec
from fastapi_fleet.reconcile.rotation import Rotations
from fastapi_fleet.reconcile.rotation_plan import plan_rotations
from fastapi_fleet.reconcile.route_shares import RouteShares
from fastapi_fleet.reconcile.service_plan import (
    ServicePlan,
    first_facts,
    outcome_of_facts,
    plan_service,
    with_exposure,
    with_observed,
    with_plan,
    with_running,
)
from fastapi_fleet.reconcile.shared_server import sharing_server
from fastapi_fleet.reconcile.signing_key_plan import plan_signing_keys
from fastapi_fleet.reconcile.signing_keys import SigningKeys
from fastapi_fleet.reconcile.status_writer import Announce, StatusWriter
from fastapi_fleet.resources import names
from fastapi_fleet.resources.deployment import is_handed_over
from fastapi_fleet.resources.manifest import Owner
from fastapi_fleet.resources.platform_defaults import taken_from_defaults
from fastapi_fleet.resources.route_weights import with_weight
from fastapi_fleet.status.auto_rollback import goes_back_by_itself
from fastapi_fleet.status.facts import BackendState, ServiceFacts
from fastapi_fleet.status.given_up import given_up
from fastapi_fleet.status.service_status import compute_service_status

RELEASE_DEADLINE = timedelta(minutes=2)
"""How long a deletion waits for a backend that does not answer. Its data is kept either way; only logins stay open."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ServicePassDependencies:
    """`generate` makes a random secret, `now` tells the time, `announce` is told of each status that was written.

    `warn` tells people of what no status can say. `wake` asks for a pass over another service.
    `caller_namespaces`: whose pods may reach every service. `operator_namespace`: where the operator's own pods are,
    which administer the services' own servers, and ask canaries for their metrics by `pod_metrics`.
    """

    kube: KubeClient
    cache: ObjectCache
    dependents: Dependents
    references: References
    backing: BackingServices
    pod_metrics: MetricsReader
    generate: Callable[[], str]
    now: Now
    announce: Announce
    warn: Callable[[Object, Reason, str], None]
    wake: Callable[[ObjectKey], None]
    operator_namespace: str
    caller_namespaces: tuple[str, ...] = ()


class ServicePass:
    """Makes the cluster and the backends as one FastAPIService wants them, and says in its status how far that is."""

    def __init__(self, dependencies: ServicePassDependencies) -> None:
        self._kube = dependencies.kube
        self._cache = dependencies.cache
        self._dependents = dependencies.dependents
        self._references = dependencies.references
        self._backing = dependencies.backing
        self._generate = dependencies.generate
        self._now = dependencies.now
        self._warn = dependencies.warn
        self._wake = dependencies.wake
        self._operator_namespace = dependencies.operator_namespace
        self._caller_namespaces = dependencies.caller_namespaces
        self._children = Children(dependencies.kube, dependencies.cache)
        self._release = Release(dependencies.cache, dependencies.backing)
        self._preflights = Preflights(dependencies.cache, self._children)
        self._contracts = Contracts(dependencies.kube, dependencies.cache, self._children)
        self._migrations = Migrations(dependencies.cache, self._children)
        self._rotations = Rotations(
            children=self._children,
            backing=dependencies.backing,
            migrations=self._migrations,
            generate=dependencies.generate,
            now=dependencies.now,
        )
        canary_metrics = CanaryMetrics(dependencies.pod_metrics)
        routes = RouteShares(dependencies.kube, dependencies.cache, self._children)
        self._canaries = Canaries(dependencies.cache, self._children, routes, canary_metrics, dependencies.now)
        self._signing_keys = SigningKeys(children=self._children, generate=dependencies.generate, now=dependencies.now)
        self._status = StatusWriter(dependencies.kube, dependencies.cache, dependencies.announce)

    async def reconcile(self, key: ObjectKey) -> Outcome:
        """One pass. Raises ReconcileError only when not even the status could be written."""
        resource = self._cache.get(key)
        if resource is None:
            self._remember(key, ())
            return DONE
        if resource["metadata"].get("deletionTimestamp"):
            return await self._finalize(resource)
        facts = first_facts(resource, self._cache, self._caller_namespaces)
        try:
            owner = owner_from(resource)
            spec, facts = await self._with_spec(owner, resource, facts)
            observed = await self._observe(owner, key, spec)
            facts = with_observed(facts, observed)
            plan = self._plan(owner, spec, observed)
            facts = self._with_plan(resource, plan, facts)
            facts = await self._with_ways_back(resource, facts)
            if not spec.paused:
                await self._hold(resource, plan)
                await self._prepare(plan)
                facts = await self._preflights.run(plan, facts)
                facts = await self._contracts.run(plan, facts, resource)
                facts = await self._provision(plan, facts)
                await self._configure(plan, facts)
                facts = await self._migrations.run(plan, facts)
                facts = await self._run(resource, plan, facts)
                facts = await self._signing_keys.run(resource, plan, facts)
                facts = await self._rotations.run(resource, plan, facts)
        except ReconcileError as problem:
            facts = replace(facts, problem=problem)
        return await self._conclude(resource, facts)

    async def _with_spec(
        self, owner: Owner, resource: Object, facts: ServiceFacts
    ) -> tuple[FastAPIServiceSpec, ServiceFacts]:
        """What to go by: its own spec as its platform completes it, or the one that it goes back to."""
        own = parse_service(resource)
        complete = on_platform(owner, own, self._cache)
        wanted = await wanted_spec(owner, complete, resource, self._kube)
        return wanted.spec, replace(
            facts,
            spec=wanted.spec,
            rollback=wanted.rollback,
            from_platform=taken_from_defaults(own, complete),
            sharing_server=sharing_server(owner, wanted.spec, self._cache),
        )

    async def _observe(self, owner: Owner, key: ObjectKey, spec: FastAPIServiceSpec) -> Observed:
        self._remember(key, dependency_keys(owner, spec))
        observed = await observe_service(
            owner,
            spec,
            kube=self._kube,
            cache=self._cache,
            children=self._children,
            caller_namespaces=self._caller_namespaces,
        )
        self._references.saw(observed.references)
        return observed

    def _plan(self, owner: Owner, spec: FastAPIServiceSpec, observed: Observed) -> ServicePlan:
        return plan_service(
            owner,
            spec,
            observed,
            cache=self._cache,
            generate=self._generate,
            operator_namespace=self._operator_namespace,
            caller_namespaces=self._caller_namespaces,
        )

    def _with_plan(self, resource: Object, plan: ServicePlan, facts: ServiceFacts) -> ServiceFacts:
        return replace(
            with_plan(facts, plan),
            rotations=plan_rotations(resource, plan, self._now()),
            signing_keys=plan_signing_keys(resource, plan, self._now()),
        )

    async def _with_ways_back(self, resource: Object, facts: ServiceFacts) -> ServiceFacts:
        """Earlier specs are asked for where one of them may have to take over."""
        if facts.spec is None or not goes_back_by_itself(facts.spec):
            return facts
        if given_up(facts, parse_status(resource, FastAPIServiceStatus).history, self._now()) is None:
            return facts
        specs = await restorable_specs(owner_from(resource), facts.spec, self._kube)
        return replace(facts, restorable=frozenset(specs))

    def _remember(self, key: ObjectKey, read: Iterable[ObjectKey]) -> None:
        """What the pass reads wakes it from now on. A service that is called anew, or no longer, lets callers in."""
        for changed in self._dependents.record(key, read):
            if changed.kind == FASTAPI_SERVICE.name:
                self._wake(changed)

    async def _prepare(self, plan: ServicePlan) -> None:
        """Write what pods need; end logins that nobody uses any more while the Secret still tells of them."""
        known = {key: value for key, value in plan.observed.own_secret.items() if key not in plan.leaving}
        if plan.spec.database is None and password_in(known.get(names.DATABASE_URL)):
            await self._backing.release_database(plan.identity)
        if plan.spec.broker is None and password_in(known.get(names.RABBITMQ_URL)):
            await self._backing.release_broker(plan.identity)
        await self._children.apply(plan.manifests.prerequisites, plan.observed.children)

    async def _provision(self, plan: ServicePlan, facts: ServiceFacts) -> ServiceFacts:
        database: BackendState | None = None
        broker: BackendState | None = None
        if plan.spec.database is not None:
            database = await self._backing.provision_database(
                plan.identity,
                plan.spec.database,
                plan.credentials,
                plan.migration_credentials,
                plan.beside("database"),
            )
        if plan.spec.broker is not None:
            broker = await self._backing.provision_broker(
                plan.identity, plan.spec.broker, plan.credentials, plan.beside("broker")
            )
        return replace(facts, database=database, broker=broker)

    async def _configure(self, plan: ServicePlan, facts: ServiceFacts) -> None:
        """Pods that start anew read it at once, of whatever revision they are: where there is a canary, after that."""
        if plan.is_let_in(facts) and plan.spec.rollout.canary is None:
            await self._children.apply(plan.manifests.configuration, plan.observed.children)

    async def _run(self, resource: Object, plan: ServicePlan, facts: ServiceFacts) -> ServiceFacts:
        facts = await self._canaries.judge(plan, resource, facts)
        canary = await self._canaries.run(plan, facts)
        if plan.takes_over(facts):
            await self._hand_over_replicas(plan)
            running = with_weight(plan.manifests.running, plan.spec, route_weight(facts))
            await self._children.apply((*plan.manifests.configuration, *running), plan.observed.children)
            self._wake_those_called_anew(plan)
        kept = (*self._migrations.kept(plan, resource), *self._contracts.kept(plan, resource), *plan.still_used)
        await self._children.prune(plan.owner, (*plan.manifests.all, *kept, *canary, *self._canaries.held(plan, facts)))
        return with_exposure(with_running(facts, plan, self._cache), self._cache)

    def _wake_those_called_anew(self, plan: ServicePlan) -> None:
        """What runs decides, beside the spec, who is let in."""
        running = self._cache.get(key_of(plan.manifests.workload))
        for changed in _called_by(plan.observed.deployment) ^ _called_by(running):
            self._wake(changed)

    async def _hand_over_replicas(self, plan: ServicePlan) -> None:
        """An autoscaler begins with the pods that run: leaving the number out would take it back to one."""
        live = plan.observed.deployment
        if live is not None and not is_handed_over(live, plan.manifests.workload):
            self._cache.put(await self._kube.keep_replicas(live))

    async def _conclude(self, resource: Object, facts: ServiceFacts) -> Outcome:
        """Status is written once a pass, on failure too, onto the newest known state of the resource."""
        newest = self._cache.get(key_of(resource))
        if newest is None or newest["metadata"]["uid"] != resource["metadata"]["uid"]:
            return DONE
        previous = parse_status(newest, FastAPIServiceStatus)
        status = compute_service_status(facts, previous, now=rfc3339(self._now()))
        await self._status.write(newest, status)
        if status.rollback is not None and status.rollback != previous.rollback:
            self._wake(key_of(resource))
        return outcome_of(facts.problem) if facts.problem else outcome_of_facts(facts)

    async def _hold(self, resource: Object, plan: ServicePlan) -> None:
        """Keep the resource from going before what it owns outside Kubernetes has been released."""
        finalizers: list[str] = resource["metadata"].get("finalizers") or []
        if plan.uses_backends and FINALIZER not in finalizers:
            held = await self._kube.set_finalizers(resource, [*finalizers, FINALIZER])
            if held is None:
                raise ApiConflictError(f"{key_of(resource)} is gone")
            self._cache.put(held)

    async def _finalize(self, resource: Object) -> Outcome:
        finalizers: list[str] = resource["metadata"].get("finalizers") or []
        if FINALIZER not in finalizers:
            return DONE
        metadata, spec = resource["metadata"], resource.get("spec") or {}
        identity = ServiceIdentity(metadata["namespace"], metadata["name"], spec.get("platform", "default"))
        deadline = datetime.fromisoformat(metadata["deletionTimestamp"]) + RELEASE_DEADLINE
        left = await self._release.release(identity, spec)
        failures = [item.failure for item in left if item.failure is not None]
        if failures and self._now() < deadline:
            return outcome_of(failures[0])
        for item in left:
            self._tell_of_left(resource, item)
        freed = await self._kube.set_finalizers(resource, [item for item in finalizers if item != FINALIZER])
        if freed is not None:
            self._cache.put(freed)
        return DONE

    def _tell_of_left(self, resource: Object, left: Left) -> None:
        """No status can say it: the resource is about to go."""
        of = str(key_of(resource))
        if left.failure is not None:
            log.warning("Left open what its backend keeps: it does not answer", of=of, error=left.why)
        if left.kept is not None:
            log.warning("Kept what was to be deleted", of=of, kept=left.kept, why=left.why)
            self._warn(resource, Reason.DATA_KEPT, f"kept {left.kept} in spite of deletionPolicy Delete: {left.why}")


def _called_by(deployment: Object | None) -> frozenset[ObjectKey]:
    return frozenset() if deployment is None else frozenset(called_by(deployment))
