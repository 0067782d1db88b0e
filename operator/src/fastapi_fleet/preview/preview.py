"""What the operator would do once some resources were applied: its own reads and its own plan, without the writes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from fastapi_fleet.api.canary_status import CanaryStatus
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.resource_status import FastAPIServiceStatus
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.errors import (
    DependencyMissingError,
    InvalidSpecError,
    NotOwnedError,
    PredecessorLeavingError,
)
from fastapi_fleet.kube.kinds import FLEET_PLATFORM, OWNERS, Object, ObjectKey, key_of
from fastapi_fleet.offline.rendering import GENERATED
from fastapi_fleet.preview.changes import ObjectChange, change, creation, deletion
from fastapi_fleet.preview.snapshot import Client, Snapshot
from fastapi_fleet.reconcile.children import Children, is_to_be_written, unwanted
from fastapi_fleet.reconcile.contracts import Contracts
from fastapi_fleet.reconcile.migrations import Migrations
from fastapi_fleet.reconcile.observe import Observed, observe_service
from fastapi_fleet.reconcile.on_platform import on_platform
from fastapi_fleet.reconcile.ownership import owner_from, owner_key, refuse_foreign
from fastapi_fleet.reconcile.parse import parse_platform, parse_service, parse_status
from fastapi_fleet.reconcile.platform_pass import admin_passwords, child_keys, known_authorities
from fastapi_fleet.reconcile.preflight import asks_nothing
from fastapi_fleet.reconcile.rollback import wanted_spec
from fastapi_fleet.reconcile.service_plan import ServicePlan, plan_service
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, Owner
from fastapi_fleet.resources.platform_inputs import PlatformInputs
from fastapi_fleet.resources.render import render_fleet_platform
from fastapi_fleet.resources.route_weights import with_weight
from fastapi_fleet.status.canary import is_beside
from fastapi_fleet.status.revisions import revision_of

WAITS = (DependencyMissingError, InvalidSpecError, NotOwnedError, PredecessorLeavingError)
"""What keeps a pass from writing any child. Other errors are those of the way to the cluster."""


@dataclass(frozen=True)
class OperatorSettings:
    """See the operator's settings of these names."""

    caller_namespaces: tuple[str, ...] = ()
    operator_namespace: str = "fastapi-fleet-system"


@dataclass(frozen=True)
class Waiting:
    """A resource whose children the operator would leave alone, and why."""

    kind: str
    namespace: str
    name: str
    reason: str
    message: str


@dataclass(frozen=True)
class Preview:
    changes: tuple[ObjectChange, ...]
    waiting: tuple[Waiting, ...]


async def preview(client: Client, resources: Sequence[Object], settings: OperatorSettings) -> Preview:
    """Of valid resources that name their namespaces. Raises ReconcileError where the cluster does not tell."""
    snapshot = Snapshot()
    await snapshot.read(client, sorted({resource["metadata"]["namespace"] for resource in resources}))
    ours = {kind.name for kind in OWNERS}
    submitted = [snapshot.submit(resource) for resource in resources if resource["kind"] in ours]
    children = _Children(client, snapshot, settings, {key_of(item) for item in resources if item["kind"] not in ours})
    changes, waiting = [item for item in submitted if item is not None], []
    for resource in snapshot.submitted:
        found = await children.of(resource)
        if isinstance(found, Waiting):
            waiting.append(found)
        else:
            changes += found
    for resource in snapshot.touched():
        found = await children.of(resource)
        changes += [] if isinstance(found, Waiting) else found
    return Preview(tuple(changes), tuple(waiting))


class _Children:
    """`brought`: Secrets and ConfigMaps that the files bring."""

    def __init__(self, client: Client, snapshot: Snapshot, settings: OperatorSettings, brought: set[ObjectKey]) -> None:
        self._client = client
        self._snapshot = snapshot
        self._cache = snapshot.cache
        self._settings = settings
        self._brought = brought
        self._read = Children(client, snapshot.cache)

    async def of(self, resource: Object) -> list[ObjectChange] | Waiting:
        """What becomes of a resource's children, or why nothing does."""
        if resource["metadata"].get("deletionTimestamp"):
            return Waiting(*key_of(resource), "Deleting", "it is being deleted")
        if resource["spec"].get("paused"):
            return Waiting(*key_of(resource), Reason.PAUSED, "spec.paused is true")
        try:
            return await (self._of_platform if resource["kind"] == FLEET_PLATFORM.name else self._of_service)(resource)
        except WAITS as error:
            return Waiting(*key_of(resource), error.reason, error.message)

    async def _of_platform(self, resource: Object) -> list[ObjectChange]:
        owner, spec, served = owner_from(resource), parse_platform(resource), self._cache.served
        live = await self._read.live(child_keys(owner, spec, served))
        inputs = PlatformInputs(
            admin_passwords(owner, spec, live, lambda: GENERATED),
            known_authorities(owner, spec, live),
            self._settings.operator_namespace,
            served,
        )
        manifests = render_fleet_platform(owner, spec, inputs)
        refuse_foreign(manifests, live, owner)
        return [*self._written(manifests, live), *map(deletion, unwanted(self._cache, owner, manifests))]

    async def _of_service(self, resource: Object) -> list[ObjectChange]:
        owner = owner_from(resource)
        complete = on_platform(owner, parse_service(resource), self._cache)
        spec = (await wanted_spec(owner, complete, resource, self._client)).spec
        observed = self._with_brought(
            await observe_service(
                owner,
                spec,
                kube=self._client,
                cache=self._cache,
                children=self._read,
                caller_namespaces=self._settings.caller_namespaces,
            ),
            spec,
        )
        # What pods of the revision before still use goes with the last of them.
        used_by_newest = replace(observed, own_secret=self._plan(owner, spec, observed).credentials, called_besides={})
        plan = self._plan(owner, spec, used_by_newest)
        self._snapshot.run(plan.manifests.workload)
        kept = (
            *Migrations(self._cache, self._read).kept(plan, resource),
            *Contracts(self._client, self._cache, self._read).kept(plan, resource),
        )
        live = {**observed.children, **await self._preflight(plan)}
        canary = _canary_at_work(plan, resource)
        written = with_weight(self._begun(plan, live), spec, canary.route_weight if canary is not None else None)
        at_work = self._of_canary(owner) if canary is not None else ()
        return [
            *self._written(written, live),
            *map(deletion, unwanted(self._cache, owner, (*plan.manifests.all, *kept, *at_work))),
        ]

    def _of_canary(self, owner: Owner) -> list[Object]:
        """What it runs by, which goes when it is over: nothing of the files takes it away."""
        children = self._cache.owned_by(owner_key(owner))
        return [child for child in children if child["metadata"]["name"] == names.canary(owner.name)]

    async def _preflight(self, plan: ServicePlan) -> dict[ObjectKey, Object]:
        """Its Job, whose name only the plan tells."""
        job = plan.manifests.preflight
        return {} if job is None else await self._read.live([key_of(job)])

    def _begun(self, plan: ServicePlan, live: dict[ObjectKey, Object]) -> list[Manifest]:
        """All but the Job of a preflight that would ask nothing new."""
        passed_over = plan.manifests.preflight if asks_nothing(plan, self._cache) else None
        return [item for item in plan.manifests.all if item is not passed_over or key_of(item) in live]

    def _plan(self, owner: Owner, spec: FastAPIServiceSpec, observed: Observed) -> ServicePlan:
        return plan_service(
            owner,
            spec,
            observed,
            cache=self._cache,
            generate=lambda: GENERATED,
            operator_namespace=self._settings.operator_namespace,
            caller_namespaces=self._settings.caller_namespaces,
        )

    def _with_brought(self, observed: Observed, spec: FastAPIServiceSpec) -> Observed:
        """What the files bring is there, with whatever keys are wanted of it: its contents are nobody's business."""
        keys = {secret.key: "" for secret in spec.secrets if secret.key is not None}
        there = {"metadata": {"uid": "", "resourceVersion": ""}, "data": keys}
        references = {
            key: there if obj is None and key in self._brought else obj for key, obj in observed.references.items()
        }
        return replace(observed, references=references)

    def _written(self, manifests: Iterable[Manifest], live: dict[ObjectKey, Object]) -> Iterator[ObjectChange]:
        """As Children.apply would."""
        for manifest in manifests:
            there = live.get(key_of(manifest))
            if not is_to_be_written(manifest, there):
                continue
            yield change(self._snapshot.live(key_of(manifest)) or there, manifest) if there else creation(manifest)


def _canary_at_work(plan: ServicePlan, resource: Object) -> CanaryStatus | None:
    """That of the revision which the files ask for."""
    canary = parse_status(resource, FastAPIServiceStatus).canary
    is_of_plan = canary is not None and canary.revision == revision_of(plan.manifests.workload)
    return canary if is_of_plan and is_beside(canary) else None
