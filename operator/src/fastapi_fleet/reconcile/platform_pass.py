"""The pass over a FleetPlatform."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.api.resource_status import FleetPlatformStatus
from fastapi_fleet.constants import LABEL_COMPONENT
from fastapi_fleet.errors import ReconcileError
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.client import KubeClient
from fastapi_fleet.kube.kinds import POD, SECRET, SERVICE, STATEFUL_SET, Object, ObjectKey, key_of
from fastapi_fleet.reconcile.children import Children
from fastapi_fleet.reconcile.outcome import DONE, Outcome, outcome_of
from fastapi_fleet.reconcile.ownership import owner_from, refuse_foreign
from fastapi_fleet.reconcile.parse import parse_platform, parse_status
from fastapi_fleet.reconcile.status_writer import Announce, Now, StatusWriter, timestamp
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, Owner
from fastapi_fleet.resources.render import render_fleet_platform
from fastapi_fleet.resources.secret import decode
from fastapi_fleet.status.facts import PlatformFacts
from fastapi_fleet.status.platform_status import compute_platform_status


@dataclass(frozen=True)
class PlatformPassDependencies:
    """`generate` makes a random secret, `now` tells the time, `announce` is told of each status that was written."""

    kube: KubeClient
    cache: ObjectCache
    generate: Callable[[], str]
    now: Now
    announce: Announce


class PlatformPass:
    """Makes the embedded backends of one FleetPlatform, and says in its status how far that is."""

    def __init__(self, dependencies: PlatformPassDependencies) -> None:
        self._cache = dependencies.cache
        self._generate = dependencies.generate
        self._now = dependencies.now
        self._children = Children(dependencies.kube, dependencies.cache)
        self._status = StatusWriter(dependencies.kube, dependencies.cache, dependencies.announce)

    async def reconcile(self, key: ObjectKey) -> Outcome:
        """One pass. Raises ReconcileError only when not even the status could be written."""
        resource = self._cache.get(key)
        if resource is None or resource["metadata"].get("deletionTimestamp"):
            return DONE
        facts = PlatformFacts(key.namespace, key.name, resource["metadata"]["generation"])
        try:
            owner, spec = owner_from(resource), parse_platform(resource)
            facts = replace(facts, spec=spec)
            live = await self._children.live(child_keys(owner, spec))
            manifests = render_fleet_platform(owner, spec, self._admin_passwords(owner, spec, live))
            refuse_foreign(manifests, live, owner)
            if not spec.paused:
                await self._children.apply(manifests, live)
                await self._children.prune(owner, manifests)
        except ReconcileError as problem:
            facts = replace(facts, problem=problem)
        return await self._conclude(resource, facts)

    def _admin_passwords(self, owner: Owner, spec: FleetPlatformSpec, live: dict[ObjectKey, Object]) -> dict[str, str]:
        """Administrators' passwords by component: the one that is there, or a new one."""
        return {
            component: self._admin_password(live.get(ObjectKey(SECRET.name, owner.namespace, secret)))
            for component, secret in _admin_secrets(owner, spec).items()
        }

    def _admin_password(self, secret: Object | None) -> str:
        return (decode(secret).get("password") if secret else None) or self._generate()

    async def _conclude(self, resource: Object, facts: PlatformFacts) -> Outcome:
        key = key_of(resource)
        newest = self._cache.get(key)
        if newest is None or newest["metadata"]["uid"] != resource["metadata"]["uid"]:
            return DONE
        facts = replace(facts, stateful_sets=self._stateful_sets(key), pods=self._pods(key))
        previous = parse_status(newest, FleetPlatformStatus)
        await self._status.write(newest, compute_platform_status(facts, previous, now=timestamp(self._now)))
        return outcome_of(facts.problem) if facts.problem else DONE

    def _stateful_sets(self, key: ObjectKey) -> dict[str, Manifest]:
        return {_component(child): child for child in self._cache.owned_by(key) if child["kind"] == STATEFUL_SET.name}

    def _pods(self, key: ObjectKey) -> dict[str, tuple[Manifest, ...]]:
        pods: dict[str, tuple[Manifest, ...]] = {}
        for child in self._cache.owned_by(key):
            if child["kind"] == POD.name:
                component = _component(child)
                pods[component] = (*pods.get(component, ()), child)
        return pods


def child_keys(owner: Owner, spec: FleetPlatformSpec) -> list[ObjectKey]:
    """The children that the spec asks for, told before they can be rendered."""
    keys = []
    for backend in _backends(owner, spec).values():
        keys.append(ObjectKey(SECRET.name, owner.namespace, names.admin_secret(backend)))
        keys += [ObjectKey(kind.name, owner.namespace, backend) for kind in (SERVICE, STATEFUL_SET)]
    return keys


def _component(child: Object) -> str:
    """Which backend a child belongs to; empty where a hand has taken the label away."""
    labels: dict[str, str] = child["metadata"].get("labels") or {}
    return labels.get(LABEL_COMPONENT, "")


def _admin_secrets(owner: Owner, spec: FleetPlatformSpec) -> dict[str, str]:
    return {component: names.admin_secret(backend) for component, backend in _backends(owner, spec).items()}


def _backends(owner: Owner, spec: FleetPlatformSpec) -> dict[str, str]:
    """Names of the wanted backends by component."""
    wanted = {
        "postgres": (spec.postgres, names.postgres(owner.name)),
        "rabbitmq": (spec.rabbitmq, names.rabbitmq(owner.name)),
    }
    return {component: name for component, (asked, name) in wanted.items() if asked is not None}
