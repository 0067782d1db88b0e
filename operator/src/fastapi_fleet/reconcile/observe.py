"""The reads of a pass over a service: all of them, before anything is decided."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import LABEL_COMPONENT, BackingPart
from fastapi_fleet.errors import DependencyMissingError
from fastapi_fleet.kube.cache import ObjectCache, called_by
from fastapi_fleet.kube.client import KubeClient
from fastapi_fleet.kube.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    FASTAPI_SERVICE,
    FLEET_PLATFORM,
    HORIZONTAL_POD_AUTOSCALER,
    HTTP_ROUTE,
    INGRESS,
    JOB,
    NETWORK_POLICY,
    POD,
    POD_DISRUPTION_BUDGET,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    SERVICE_MONITOR,
    Kind,
    Object,
    ObjectKey,
)
from fastapi_fleet.reconcile.children import Children
from fastapi_fleet.reconcile.endpoints import Endpoints, endpoints_of
from fastapi_fleet.reconcile.on_platform import platform_of, require_valid_defaults
from fastapi_fleet.reconcile.own_servers import own_server_children
from fastapi_fleet.reconcile.ownership import owner_key
from fastapi_fleet.resources import names
from fastapi_fleet.resources.canary import COMPONENTS
from fastapi_fleet.resources.config_map import config_map_names
from fastapi_fleet.resources.environment import own_secret_keys
from fastapi_fleet.resources.ingress import paths_closed_by_ingress
from fastapi_fleet.resources.manifest import Owner
from fastapi_fleet.resources.migration_job import migration_job_name
from fastapi_fleet.resources.pod_disruption_budget import wants_budget, wants_worker_budget
from fastapi_fleet.resources.rotation_record import RotationRecord, rotation_records
from fastapi_fleet.resources.secret import decode
from fastapi_fleet.resources.service_monitor import wants_monitor
from fastapi_fleet.resources.signing_key_record import SigningKeyRecord, signing_key_records
from fastapi_fleet.resources.spec_references import Keys, Reference, referenced
from fastapi_fleet.status.conditions import is_true

_MISSING = {SECRET.name: Reason.SECRET_MISSING, CONFIG_MAP.name: Reason.CONFIG_MAP_MISSING}


@dataclass(frozen=True)
class Observed:
    """Everything outside the spec that a pass over a service depends on.

    `secret_since`: when its own Secret was made. `rotations`: what that tells of its logins, `signing_keys`: and
    of its keys.
    `called_besides`: services that the spec does not name and what runs may call.
    `worker`: its Deployment, also where the spec asks for none any more; `pods` are those of the service without it.
    """

    owner: Owner
    children: dict[ObjectKey, Object] = field(repr=False)
    own_secret: Mapping[str, str] = field(repr=False)
    secret_since: str | None
    rotations: Mapping[BackingPart, RotationRecord]
    signing_keys: Mapping[str, SigningKeyRecord]
    migrations_secret: Mapping[str, str] = field(repr=False)
    references: Mapping[ObjectKey, Object | None] = field(repr=False)
    dependencies: Mapping[str, Object | None]
    called_besides: Mapping[str, Object | None]
    callers: tuple[str, ...]
    pods: tuple[Object, ...] = field(repr=False)
    served: frozenset[str]
    endpoints: Endpoints
    worker: Object | None
    worker_pods: tuple[Object, ...] = field(repr=False)

    @property
    def deployment(self) -> Object | None:
        return self.children.get(ObjectKey(DEPLOYMENT.name, self.owner.namespace, self.owner.name))

    @property
    def referenced_secret_values(self) -> tuple[str, ...]:
        """Every value of the Secrets that the spec refers to: a process may print it as it ends."""
        secrets = (obj for key, obj in self.references.items() if obj is not None and key.kind == SECRET.name)
        return tuple(value for secret in secrets for value in decode(secret).values())

    @property
    def not_ready(self) -> tuple[str, ...]:
        """Services in spec.services that are there and not Ready."""
        return tuple(
            name for name, service in self.dependencies.items() if service and not is_true(service, ConditionType.READY)
        )


async def observe_service(
    owner: Owner,
    spec: FastAPIServiceSpec,
    *,
    kube: KubeClient,
    cache: ObjectCache,
    children: Children,
    caller_namespaces: tuple[str, ...],
) -> Observed:
    served = cache.served
    platform = platform_of(owner, spec, cache)
    keys_of_server = [
        ObjectKey(kind.name, owner.namespace, name) for kind, name in own_server_children(owner, spec, platform)
    ]
    live = await children.live([*child_keys(owner, spec, served, caller_namespaces), *keys_of_server])

    def secret(name: str) -> Object:
        key = ObjectKey(SECRET.name, owner.namespace, name)
        return live.get(key) or cache.get(key) or {"metadata": {}}

    own_secret = secret(names.secret(owner.name))
    keys = dict.fromkeys(_key_of_reference(owner, reference) for reference in referenced(spec))
    return Observed(
        owner=owner,
        children=live,
        own_secret=decode(own_secret),
        secret_since=own_secret["metadata"].get("creationTimestamp"),
        rotations=rotation_records(own_secret),
        signing_keys=signing_key_records(own_secret),
        migrations_secret=decode(secret(names.migrations_secret(owner.name))),
        references={key: await kube.get(key) for key in keys},
        dependencies={
            service.name: cache.get(ObjectKey(FASTAPI_SERVICE.name, owner.namespace, service.name))
            for service in spec.services
        },
        called_besides=_called_besides(owner, spec, cache),
        callers=cache.callers_of(owner_key(owner)),
        pods=pods_of(cache, owner_key(owner), *COMPONENTS),
        worker=deployment_of(cache, owner_key(owner), names.worker(owner.name)),
        worker_pods=pods_of(cache, owner_key(owner), "worker"),
        served=served,
        endpoints=endpoints_of(owner.name, spec.platform, platform),
    )


def _called_besides(owner: Owner, spec: FastAPIServiceSpec, cache: ObjectCache) -> Mapping[str, Object | None]:
    running = deployment_of(cache, owner_key(owner), owner.name)
    named = {service.name for service in spec.services}
    called = called_by(running) if running is not None else ()
    return {key.name: cache.get(key) for key in called if key.name not in named}


def deployment_of(cache: ObjectCache, owner: ObjectKey, name: str) -> Object | None:
    """One of the service's Deployments. One of that name that is another's is none."""
    deployments = (child for child in cache.owned_by(owner) if child["kind"] == DEPLOYMENT.name)
    return next((child for child in deployments if child["metadata"]["name"] == name), None)


def pods_of(cache: ObjectCache, owner: ObjectKey, *components: str) -> tuple[Object, ...]:
    """Pods of the service's Deployments, or of its migrations."""
    return tuple(
        pod
        for pod in cache.owned_by(owner)
        if pod["kind"] == POD.name and (pod["metadata"].get("labels") or {}).get(LABEL_COMPONENT) in components
    )


def child_keys(
    owner: Owner, spec: FastAPIServiceSpec, served: frozenset[str], caller_namespaces: tuple[str, ...]
) -> list[ObjectKey]:
    """The children that the spec asks for, told before they can be rendered.

    All but the Job of a preflight, whose name is a hash of what is rendered, and the server that a platform gives it.
    """
    wanted = [(SERVICE, owner.name), (DEPLOYMENT, owner.name)]
    if spec.service_account.name is None:
        wanted.append((SERVICE_ACCOUNT, owner.name))
    wanted += ((CONFIG_MAP, name) for name in config_map_names(owner, spec))
    if own_secret_keys(spec):
        wanted.append((SECRET, names.secret(owner.name)))
    if spec.worker is not None:
        wanted.append((DEPLOYMENT, names.worker(owner.name)))
    job = migration_job_name(owner.name, spec)
    if job is not None:
        wanted += [(SECRET, names.migrations_secret(owner.name)), (JOB, job)]
    if spec.autoscaling:
        wanted.append((HORIZONTAL_POD_AUTOSCALER, owner.name))
    if spec.network_policy.enabled:
        wanted.append((NETWORK_POLICY, owner.name))
    if wants_budget(spec):
        wanted.append((POD_DISRUPTION_BUDGET, owner.name))
    wanted += _exposure(owner, spec, served, caller_namespaces)
    if wants_worker_budget(spec):
        wanted.append((POD_DISRUPTION_BUDGET, names.worker(owner.name)))
    return [ObjectKey(kind.name, owner.namespace, name) for kind, name in wanted]


def _exposure(
    owner: Owner, spec: FastAPIServiceSpec, served: frozenset[str], caller_namespaces: tuple[str, ...]
) -> Iterator[tuple[Kind, str]]:
    if spec.ingress:
        yield INGRESS, owner.name
    if paths_closed_by_ingress(spec):
        yield SERVICE, names.closed_service(owner.name)
    if spec.route and HTTP_ROUTE.name in served:
        yield HTTP_ROUTE, owner.name
    if wants_monitor(spec, served, caller_namespaces):
        yield SERVICE_MONITOR, owner.name


def require_dependencies(owner: Owner, spec: FastAPIServiceSpec, observed: Observed, cache: ObjectCache) -> None:
    """Raises DependencyMissingError for the first thing without which the service cannot be rendered or run."""
    _require_platform(owner, spec, cache)
    _require_endpoints(spec, observed.endpoints)
    for reference in referenced(spec):
        key = _key_of_reference(owner, reference)
        if observed.references[key] is None and not reference.optional:
            raise DependencyMissingError(_MISSING[reference.kind], f"{reference.field_name}: {key} is not there")
    for at, secret in enumerate(spec.secrets):
        if secret.name is not None:
            _require_key(observed.references, owner.namespace, secret.name, secret.key or "", at)
    for at, dependency in enumerate(spec.services):
        if observed.dependencies[dependency.name] is None:
            message = f"spec.services[{at}].name: there is no FastAPIService {dependency.name} in {owner.namespace}"
            raise DependencyMissingError(Reason.SERVICE_MISSING, message)


def dependency_keys(owner: Owner, spec: FastAPIServiceSpec) -> Iterable[ObjectKey]:
    """What a change of wakes the service's pass: its platform, the services it calls, the objects it refers to."""
    yield ObjectKey(FLEET_PLATFORM.name, owner.namespace, spec.platform)
    yield from (ObjectKey(FASTAPI_SERVICE.name, owner.namespace, service.name) for service in spec.services)
    yield from (_key_of_reference(owner, reference) for reference in referenced(spec))


def keys_read(owner: Owner, spec: FastAPIServiceSpec) -> Mapping[ObjectKey, Keys]:
    """What the pods read of each Secret and ConfigMap that the spec refers to."""
    read: dict[ObjectKey, Keys] = {}
    for reference in referenced(spec):
        key = _key_of_reference(owner, reference)
        known = read.get(key, frozenset())
        read[key] = None if known is None or reference.keys is None else known | reference.keys
    return read


def _require_platform(owner: Owner, spec: FastAPIServiceSpec, cache: ObjectCache) -> None:
    platform = platform_of(owner, spec, cache)
    if platform is not None:
        require_valid_defaults(platform)
    elif spec.database is not None or spec.broker is not None:
        message = f"spec.platform: there is no FleetPlatform {spec.platform} in namespace {owner.namespace}"
        raise DependencyMissingError(Reason.PLATFORM_MISSING, message + _cannot_be_deleted(spec))


def _cannot_be_deleted(spec: FastAPIServiceSpec) -> str:
    """Told while there is time: who deletes the service next would leave its data behind."""
    asked = {"spec.database": spec.database, "spec.broker": spec.broker}
    deleting = [field for field, wanted in asked.items() if wanted is not None and wanted.deletion_policy == "Delete"]
    return f"; without it deletionPolicy Delete of {' and '.join(deleting)} deletes nothing" if deleting else ""


def _require_endpoints(spec: FastAPIServiceSpec, endpoints: Endpoints) -> None:
    wanted = {"postgres": (spec.database, endpoints.postgres), "rabbitmq": (spec.broker, endpoints.broker)}
    for component, (asked, endpoint) in wanted.items():
        if asked is not None and endpoint is None:
            message = f"spec.platform: FleetPlatform {spec.platform} has not found its external {component} yet"
            raise DependencyMissingError(Reason.BACKEND_NOT_READY, message)


def _require_key(references: Mapping[ObjectKey, Object | None], namespace: str, name: str, key: str, at: int) -> None:
    secret = references[ObjectKey(SECRET.name, namespace, name)] or {}
    if key not in (secret.get("data") or {}):
        message = f"spec.secrets[{at}].key: Secret {name} has no key {key}"
        raise DependencyMissingError(Reason.SECRET_MISSING, message)


def _key_of_reference(owner: Owner, reference: Reference) -> ObjectKey:
    return ObjectKey(reference.kind, owner.namespace, reference.name)
