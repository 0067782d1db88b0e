"""What a pass over a service decides, before it writes anything."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import BackingPart
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.kinds import (
    HTTP_ROUTE,
    INGRESS,
    SERVICE_MONITOR,
    Kind,
    Object,
    ObjectKey,
    key_of,
)
from fastapi_fleet.reconcile.backend_requests import Beside
from fastapi_fleet.reconcile.backing_services import DRIFT_CHECK_SECONDS
from fastapi_fleet.reconcile.credentials import (
    ServiceIdentity,
    complete_credentials,
    complete_migration_credentials,
    hidden_values,
)
from fastapi_fleet.reconcile.fingerprints import fingerprints, versions
from fastapi_fleet.reconcile.observe import Observed, deployment_of, keys_read, pods_of, require_dependencies
from fastapi_fleet.reconcile.on_platform import platform_of
from fastapi_fleet.reconcile.outcome import WAIT_SECONDS, Outcome
from fastapi_fleet.reconcile.own_servers import children_of_own_server, own_server
from fastapi_fleet.reconcile.ownership import owner_key, refuse_foreign
from fastapi_fleet.resources.canary import COMPONENTS
from fastapi_fleet.resources.equality import holds
from fastapi_fleet.resources.manifest import Owner
from fastapi_fleet.resources.render import ServiceManifests, render_fastapi_service
from fastapi_fleet.resources.service_inputs import ServiceInputs
from fastapi_fleet.status.canary import holds_back
from fastapi_fleet.status.config_valid import is_accepted
from fastapi_fleet.status.contract_compatible import is_permitted
from fastapi_fleet.status.facts import ServiceFacts, WorkerFacts
from fastapi_fleet.status.jobs import has_succeeded
from fastapi_fleet.status.revisions import revision_of
from fastapi_fleet.status.rollout_complete import runs_nothing_older


@dataclass(frozen=True)
class ServicePlan:
    """The wanted state of everything that belongs to one service.

    `leaving`: values of the own Secret that the spec no longer asks for and pods of an older revision still read;
    `still_used`: the server of the service's own that they may be connected to.
    """

    owner: Owner
    spec: FastAPIServiceSpec
    identity: ServiceIdentity
    observed: Observed
    credentials: Mapping[str, str] = field(repr=False)
    migration_credentials: Mapping[str, str] = field(repr=False)
    leaving: Mapping[str, str] = field(repr=False)
    manifests: ServiceManifests = field(repr=False)
    still_used: tuple[Object, ...] = field(default=(), repr=False)

    @property
    def runs_older(self) -> bool:
        """Whether pods of another revision than the wanted one run, of the service or of its worker."""
        return _runs_older(self.observed, self.manifests)

    def beside(self, part: BackingPart) -> Beside:
        """Whether pods may still log in by the other login than the one that the Secret tells of."""
        record = self.observed.rotations.get(part)
        return Beside.LOGIN_THAT_IS_LEFT if record is not None and record.ended_at is None else Beside.NOTHING

    @property
    def uses_backends(self) -> bool:
        return self.spec.database is not None or self.spec.broker is not None

    def is_let_in(self, facts: ServiceFacts) -> bool:
        """Whether nothing was found against the image and its configuration, where something is asked about them."""
        return self.manifests.preflight is None or (is_accepted(facts.preflight) and is_permitted(facts))

    def may_run(self, facts: ServiceFacts) -> bool:
        """Pods start once their backends are there. Pods that run already do not wait for a backend that is down.

        None of an image that is not let in, or whose migrations have not run, starts, ever.
        """
        if not self.is_let_in(facts):
            return False
        if self.manifests.migration is not None and not (facts.migration and has_succeeded(facts.migration)):
            return False
        states = [state for state in (facts.database, facts.broker) if state is not None]
        return self.observed.deployment is not None or all(state.ready for state in states)

    def takes_over(self, facts: ServiceFacts) -> bool:
        """Whether what is wanted is written where requests go, or what serves is left as it is."""
        return self.may_run(facts) and not (facts.canary is not None and holds_back(facts.canary.state))


def plan_service(
    owner: Owner,
    spec: FastAPIServiceSpec,
    observed: Observed,
    *,
    cache: ObjectCache,
    generate: Callable[[], str],
    operator_namespace: str,
    caller_namespaces: tuple[str, ...],
) -> ServicePlan:
    """Raises DependencyMissingError, NotOwnedError or InvalidSpecError: then nothing is to be written."""
    require_dependencies(owner, spec, observed, cache)
    identity = ServiceIdentity(owner.namespace, owner.name, spec.platform)
    credentials = complete_credentials(identity, spec, observed.own_secret, observed.endpoints, generate)
    migration_credentials = complete_migration_credentials(
        identity, spec, observed.migrations_secret, observed.endpoints, generate
    )
    inputs = replace(
        _inputs(owner, spec, observed, credentials),
        migration_credentials=migration_credentials,
        operator_namespace=operator_namespace,
        caller_namespaces=caller_namespaces,
        own_server=own_server(
            owner,
            spec,
            platform_of(owner, spec, cache),
            live=observed.children,
            generate=generate,
            operator_namespace=operator_namespace,
        ),
    )
    inputs, manifests = _as_it_runs(owner, spec, inputs, observed)
    still_used: tuple[Object, ...] = ()
    if spec.paused or _runs_older(observed, manifests):
        still_used = children_of_own_server(cache, owner_key(owner))
        inputs = _with_what_older_pods_use(inputs, observed)
        manifests = render_fastapi_service(owner, spec, inputs)
    refuse_foreign(manifests.all, observed.children, owner)
    return ServicePlan(
        owner, spec, identity, observed, credentials, migration_credentials, inputs.leaving, manifests, still_used
    )


def first_facts(resource: Object, cache: ObjectCache, caller_namespaces: tuple[str, ...]) -> ServiceFacts:
    """What is known before the spec has been read: enough for the status of a pass that fails at once."""
    key = key_of(resource)
    facts = ServiceFacts(
        namespace=key.namespace,
        name=key.name,
        generation=resource["metadata"]["generation"],
        deployment=deployment_of(cache, key, key.name),
        pods=pods_of(cache, key, *COMPONENTS),
        served=cache.served,
        caller_namespaces=caller_namespaces,
    )
    return with_exposure(facts, cache)


def with_observed(facts: ServiceFacts, observed: Observed) -> ServiceFacts:
    hidden = (*hidden_values(observed.own_secret), *observed.referenced_secret_values)
    return replace(facts, waiting_for=observed.not_ready, secret_values=hidden, served=observed.served)


def with_exposure(facts: ServiceFacts, cache: ObjectCache) -> ServiceFacts:
    """How others reach the service, as far as it is written."""

    def live(kind: Kind) -> Object | None:
        return cache.get(ObjectKey(kind.name, facts.namespace, facts.name))

    return replace(facts, route=live(HTTP_ROUTE), ingress=live(INGRESS), monitor=live(SERVICE_MONITOR))


def with_plan(facts: ServiceFacts, plan: ServicePlan) -> ServiceFacts:
    return replace(
        facts,
        revision=revision_of(plan.manifests.workload),
        worker=_worker_facts(plan),
        diverges_while_paused=plan.spec.paused and _diverges(plan),
        secret_values=(
            *facts.secret_values,
            *hidden_values(plan.credentials),
            *hidden_values(plan.migration_credentials),
        ),
    )


def with_running(facts: ServiceFacts, plan: ServicePlan, cache: ObjectCache) -> ServiceFacts:
    """What has become of the Deployments by the writes of the pass."""
    worker = facts.worker
    if worker is not None and plan.manifests.worker is not None:
        worker = replace(worker, deployment=cache.get(key_of(plan.manifests.worker)))
    return replace(facts, deployment=cache.get(key_of(plan.manifests.workload)), worker=worker)


def _worker_facts(plan: ServicePlan) -> WorkerFacts | None:
    if plan.manifests.worker is None:
        return None
    revision = revision_of(plan.manifests.worker)
    wanted: int = plan.manifests.worker["spec"]["replicas"]
    return WorkerFacts(revision, wanted, plan.observed.worker, plan.observed.worker_pods)


def _diverges(plan: ServicePlan) -> bool:
    """Whether what runs is not what the spec says."""
    running = ((plan.observed.deployment, plan.manifests.workload), (plan.observed.worker, plan.manifests.worker))
    return any(live is not None and (wanted is None or not holds(live, wanted)) for live, wanted in running)


def outcome_of_facts(facts: ServiceFacts) -> Outcome:
    """What a pass that went through leaves to be done: backends are looked at again, sooner when they are not ready.

    A canary is looked at when its time has come.
    """
    states = [state for state in (facts.database, facts.broker) if state is not None]
    if any(state.reason is Reason.BACKEND_UNAVAILABLE for state in states):
        return Outcome("error", retry=True)
    if not all(state.ready for state in states):
        return Outcome("waiting", again_after=WAIT_SECONDS)
    rotations = facts.rotations or ()
    if any(one.obstacle for one in rotations):
        return Outcome("error", retry=True)
    times = [*(one.again_after for one in rotations), *(key.again_after for key in facts.signing_keys or ())]
    if facts.canary is not None:
        times.append(facts.canary.due_in)
    regularly = [DRIFT_CHECK_SECONDS] if states else []
    soonest = min([*(time for time in times if time is not None), *regularly], default=None)
    return Outcome("success", again_after=soonest)


def _runs_older(observed: Observed, manifests: ServiceManifests) -> bool:
    worker = revision_of(manifests.worker) if manifests.worker is not None else None
    return not (
        runs_nothing_older(observed.deployment, observed.pods, revision_of(manifests.workload))
        and runs_nothing_older(observed.worker, observed.worker_pods, worker)
    )


def _as_it_runs(
    owner: Owner, spec: FastAPIServiceSpec, inputs: ServiceInputs, observed: Observed
) -> tuple[ServiceInputs, ServiceManifests]:
    """Pods that an operator before this one has made go by versions alone: while these are the same, they stay."""
    manifests = render_fastapi_service(owner, spec, inputs)
    by_versions = replace(inputs, referenced=versions(observed.references))
    running = revision_of(observed.deployment) if observed.deployment is not None else None
    if by_versions == inputs or running in {None, revision_of(manifests.workload)}:
        return inputs, manifests
    earlier = render_fastapi_service(owner, spec, by_versions)
    return (by_versions, earlier) if running == revision_of(earlier.workload) else (inputs, manifests)


def _with_what_older_pods_use(inputs: ServiceInputs, observed: Observed) -> ServiceInputs:
    """The revision is the same with it: nothing of this reaches the pod template."""
    return replace(
        inputs,
        leaving={key: value for key, value in observed.own_secret.items() if key not in inputs.credentials},
        still_called=tuple(sorted(observed.called_besides)),
        dependency_ports={**inputs.dependency_ports, **_ports(observed.called_besides)},
        dependency_extra_ports={**inputs.dependency_extra_ports, **_extra_ports(observed.called_besides)},
    )


def _inputs(
    owner: Owner, spec: FastAPIServiceSpec, observed: Observed, credentials: Mapping[str, str]
) -> ServiceInputs:
    return ServiceInputs(
        credentials=credentials,
        referenced=fingerprints(observed.references, keys_read(owner, spec)),
        authorities=observed.endpoints.authorities(spec),
        servers=observed.endpoints.peers,
        rotations=observed.rotations,
        signing_keys=observed.signing_keys,
        dependency_ports=_ports(observed.dependencies),
        dependency_extra_ports=_extra_ports(observed.dependencies),
        callers=observed.callers,
        served=observed.served,
    )


def _ports(services: Mapping[str, Object | None]) -> dict[str, int]:
    default: int = FastAPIServiceSpec.model_fields["port"].default
    return {name: int(_spec(service).get("port", default)) for name, service in services.items() if service}


def _extra_ports(services: Mapping[str, Object | None]) -> dict[str, tuple[int, ...]]:
    return {
        name: tuple(int(extra["port"]) for extra in _spec(service).get("extraPorts") or ())
        for name, service in services.items()
        if service
    }


def _spec(service: Object) -> Object:
    spec: Object = service.get("spec") or {}
    return spec
