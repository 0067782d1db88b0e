"""The pass over a FleetPlatform."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.api.resource_status import FleetPlatformStatus
from fastapi_fleet.api.times import Now, rfc3339
from fastapi_fleet.errors import ReconcileError
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.client import KubeClient
from fastapi_fleet.kube.kinds import (
    CONFIG_MAP,
    NETWORK_POLICY,
    POD,
    POSTGRES_CLUSTER,
    RABBITMQ_CLUSTER,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    Kind,
    Object,
    ObjectKey,
    key_of,
)
from fastapi_fleet.reconcile.admin_password import kept_password
from fastapi_fleet.reconcile.children import Children
from fastapi_fleet.reconcile.external_servers import ExternalServers, outcome_of_external
from fastapi_fleet.reconcile.outcome import DONE, Outcome, outcome_of
from fastapi_fleet.reconcile.ownership import component_of, owner_from, refuse_foreign
from fastapi_fleet.reconcile.parse import parse_platform, parse_status
from fastapi_fleet.reconcile.status_writer import Announce, StatusWriter
from fastapi_fleet.resources import names
from fastapi_fleet.resources.certificate_authority import certificates_in
from fastapi_fleet.resources.equality import holds
from fastapi_fleet.resources.manifest import Manifest, Owner
from fastapi_fleet.resources.platform_inputs import PlatformInputs
from fastapi_fleet.resources.render import render_fleet_platform
from fastapi_fleet.status.facts import ExternalServer, PlatformFacts
from fastapi_fleet.status.platform_status import compute_platform_status

EMBEDDED = "Embedded"
OTHERS = ("External", "CloudNativePG", "ClusterOperator")

CLUSTERS = (POSTGRES_CLUSTER, RABBITMQ_CLUSTER)


@dataclass(frozen=True)
class PlatformPassDependencies:
    """`generate` makes a random secret, `now` tells the time, `announce` is told of each status that was written.

    `operator_namespace`: where the operator's own pods are, which administer the embedded servers.
    """

    kube: KubeClient
    cache: ObjectCache
    external: ExternalServers
    generate: Callable[[], str]
    now: Now
    announce: Announce
    operator_namespace: str


class PlatformPass:
    """Makes the embedded backends of one FleetPlatform, looks at its others, and says in its status how far that is."""

    def __init__(self, dependencies: PlatformPassDependencies) -> None:
        self._cache = dependencies.cache
        self._external = dependencies.external
        self._generate = dependencies.generate
        self._now = dependencies.now
        self._operator_namespace = dependencies.operator_namespace
        self._children = Children(dependencies.kube, dependencies.cache)
        self._status = StatusWriter(dependencies.kube, dependencies.cache, dependencies.announce)

    async def reconcile(self, key: ObjectKey) -> Outcome:
        """One pass. Raises ReconcileError only when not even the status could be written."""
        resource = self._cache.get(key)
        if resource is None or resource["metadata"].get("deletionTimestamp"):
            return DONE
        facts = PlatformFacts(key.namespace, key.name, resource["metadata"]["generation"])
        try:
            owner, spec, served = owner_from(resource), parse_platform(resource), self._cache.served
            facts = replace(facts, spec=spec)
            live = await self._children.live(child_keys(owner, spec, served))
            passwords = admin_passwords(owner, spec, live, self._generate)
            facts = replace(facts, secret_values=tuple(passwords.values()))
            facts = replace(facts, external=await self._external.look(owner, spec))
            inputs = PlatformInputs(passwords, _authorities(facts.external), self._operator_namespace, served)
            manifests = render_fleet_platform(owner, spec, inputs)
            refuse_foreign(manifests, live, owner)
            facts = replace(facts, diverges_while_paused=spec.paused and not _all_held(manifests, live))
            if not spec.paused:
                await self._children.apply(manifests, live)
                await self._children.prune(owner, (*manifests, *_left_alone(owner, facts.external, live)))
        except ReconcileError as problem:
            facts = replace(facts, problem=problem)
        return await self._conclude(resource, facts)

    async def _conclude(self, resource: Object, facts: PlatformFacts) -> Outcome:
        key = key_of(resource)
        newest = self._cache.get(key)
        if newest is None or newest["metadata"]["uid"] != resource["metadata"]["uid"]:
            return DONE
        facts = replace(
            facts, stateful_sets=self._of(key, STATEFUL_SET), pods=self._pods(key), clusters=self._of(key, *CLUSTERS)
        )
        previous = parse_status(newest, FleetPlatformStatus)
        await self._status.write(newest, compute_platform_status(facts, previous, now=rfc3339(self._now())))
        return outcome_of(facts.problem) if facts.problem else outcome_of_external(facts.external.values())

    def _of(self, key: ObjectKey, *kinds: Kind) -> dict[str, Manifest]:
        """Children of these kinds, by component."""
        wanted = {kind.name for kind in kinds}
        return {component_of(child): child for child in self._cache.owned_by(key) if child["kind"] in wanted}

    def _pods(self, key: ObjectKey) -> dict[str, tuple[Manifest, ...]]:
        pods: dict[str, tuple[Manifest, ...]] = {}
        for child in self._cache.owned_by(key):
            if child["kind"] == POD.name:
                component = component_of(child)
                pods[component] = (*pods.get(component, ()), child)
        return pods


def admin_passwords(
    owner: Owner, spec: FleetPlatformSpec, live: Mapping[ObjectKey, Object], generate: Callable[[], str]
) -> dict[str, str]:
    """Administrators' passwords by component: the one that is there, or a new one for a server that is not.

    Raises DependencyMissingError where a server runs whose password is lost.
    """
    return {
        component: kept_password(owner, backend, live) or generate()
        for component, backend in _backends(owner, spec, EMBEDDED).items()
    }


def child_keys(owner: Owner, spec: FleetPlatformSpec, served: frozenset[str]) -> list[ObjectKey]:
    """The children that the spec asks for, told before they can be rendered."""
    keys = [_authority_key(owner, backend) for backend in _backends(owner, spec, *OTHERS).values()]
    keys += _cluster_keys(owner, spec, served)
    for backend in _backends(owner, spec, EMBEDDED).values():
        keys.append(ObjectKey(SECRET.name, owner.namespace, names.admin_secret(backend)))
        if spec.network_policy.enabled:
            keys.append(ObjectKey(NETWORK_POLICY.name, owner.namespace, backend))
        keys += [ObjectKey(kind.name, owner.namespace, backend) for kind in (SERVICE, STATEFUL_SET)]
    return keys


def _cluster_keys(owner: Owner, spec: FleetPlatformSpec, served: frozenset[str]) -> Iterator[ObjectKey]:
    for mode, kind in zip(("CloudNativePG", "ClusterOperator"), CLUSTERS, strict=True):
        for backend in _backends(owner, spec, mode).values():
            if kind.name in served:
                yield ObjectKey(kind.name, owner.namespace, backend)


def known_authorities(owner: Owner, spec: FleetPlatformSpec, live: Mapping[ObjectKey, Object]) -> dict[str, str]:
    """Certificates of others' servers by component, as services have them now."""
    keys = {component: _authority_key(owner, name) for component, name in _backends(owner, spec, *OTHERS).items()}
    return {component: certificates_in(live[key]) for component, key in keys.items() if key in live}


def _authority_key(owner: Owner, backend: str) -> ObjectKey:
    return ObjectKey(CONFIG_MAP.name, owner.namespace, names.certificate_authority(backend))


def _authorities(external: Mapping[str, ExternalServer]) -> dict[str, str]:
    return {component: ca for component, server in external.items() if (ca := server.certificate_authority)}


def _all_held(manifests: Iterable[Manifest], live: Mapping[ObjectKey, Object]) -> bool:
    return all((there := live.get(key_of(manifest))) is not None and holds(there, manifest) for manifest in manifests)


def _left_alone(
    owner: Owner, external: Mapping[str, ExternalServer], live: Mapping[ObjectKey, Object]
) -> Iterator[Object]:
    """Certificates of servers whose Secret cannot be read now: pods that start meanwhile need them."""
    for component, server in external.items():
        there = live.get(_authority_key(owner, names.backend(owner.name, component)))
        if server.endpoint is None and there is not None:
            yield there


def _backends(owner: Owner, spec: FleetPlatformSpec, *modes: str) -> dict[str, str]:
    """Names of the platform's wanted backends of some modes, by component."""
    asked = {"postgres": spec.postgres, "rabbitmq": spec.rabbitmq}
    return {
        component: names.backend(owner.name, component)
        for component, server in asked.items()
        if server is not None and server.mode in modes
        if server.mode != EMBEDDED or component in spec.embedded
    }
