"""The PostgreSQL server that a service has of its own, where its platform gives each service one."""

from collections.abc import Callable, Iterator, Mapping

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.errors import DependencyMissingError, InvalidSpecError
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.kinds import NETWORK_POLICY, POD, SECRET, SERVICE, STATEFUL_SET, Kind, Object, ObjectKey
from fastapi_fleet.reconcile.admin_password import kept_password
from fastapi_fleet.reconcile.ownership import component_of
from fastapi_fleet.reconcile.parse import parse_platform
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Owner
from fastapi_fleet.resources.own_server import OwnServer
from fastapi_fleet.resources.secret import decode
from fastapi_fleet.status.embedded_server import state_of_server
from fastapi_fleet.status.facts import BackendState


def gives_own_servers(platform: Object | None) -> bool:
    """By what the platform's spec says, valid or not."""
    postgres: Mapping[str, object] = ((platform or {}).get("spec") or {}).get("postgres") or {}
    return (postgres.get("mode", "Embedded"), postgres.get("topology")) == ("Embedded", "PerService")


def own_server_children(owner: Owner, spec: FastAPIServiceSpec, platform: Object | None) -> Iterator[tuple[Kind, str]]:
    """What the server consists of, where the service is to have one. Raises DependencyMissingError as own_server does.

    That of a platform whose spec is invalid is not known: nothing is written then.
    """
    wanted = _platform_spec(spec, platform)
    if wanted is None:
        return
    name = names.postgres(owner.name)
    yield SECRET, names.admin_secret(name)
    yield from ((kind, name) for kind in (SERVICE, STATEFUL_SET))
    if wanted.network_policy.enabled:
        yield NETWORK_POLICY, name


def own_server(
    owner: Owner,
    spec: FastAPIServiceSpec,
    platform: Object | None,
    *,
    live: Mapping[ObjectKey, Object],
    generate: Callable[[], str],
    operator_namespace: str,
) -> OwnServer | None:
    """The server to make; None where the service is to have none.

    Raises DependencyMissingError where the platform is invalid, or where the server runs and its password is lost;
    InvalidSpecError where the service's name leaves no room for the names of the server's pods.
    """
    wanted = _platform_spec(spec, platform)
    if wanted is None or wanted.postgres is None:
        return None
    if len(owner.name) > names.OWN_SERVER_LIMIT:
        message = (
            f"may have {names.OWN_SERVER_LIMIT} characters, not {len(owner.name)}, for a service with spec.database "
            f"on FleetPlatform {spec.platform}, whose postgres.topology is PerService"
        )
        raise InvalidSpecError("metadata.name", message)
    password = kept_password(owner, names.postgres(owner.name), live) or generate()
    return OwnServer(wanted.postgres, wanted.network_policy, password, operator_namespace)


def children_of_own_server(cache: ObjectCache, service: ObjectKey) -> tuple[Object, ...]:
    """What there is of it and goes with the service, wanted or not; its pods left out."""
    name = names.postgres(service.name)
    return tuple(child for child in cache.owned_by(service) if child["metadata"]["name"] == name)


def state_of_own_server(cache: ObjectCache, service: ObjectKey) -> BackendState | None:
    """None where there is no server."""
    server = names.postgres(service.name)
    children = {child["kind"]: child for child in children_of_own_server(cache, service)}
    stateful_set = children.get(STATEFUL_SET.name)
    if stateful_set is None:
        return None
    pods = [it for it in cache.owned_by(service) if it["kind"] == POD.name and component_of(it) == "postgres"]
    admin = cache.get(ObjectKey(SECRET.name, service.namespace, names.admin_secret(server)))
    return state_of_server(server, stateful_set, pods, tuple(decode(admin).values()) if admin else ())


def _platform_spec(spec: FastAPIServiceSpec, platform: Object | None) -> FleetPlatformSpec | None:
    """Where it gives the service a server."""
    if spec.database is None or platform is None or not gives_own_servers(platform):
        return None
    try:
        return parse_platform(platform)
    except InvalidSpecError as error:
        message = f"spec.platform: FleetPlatform {spec.platform} is invalid: {error.message}"
        raise DependencyMissingError(Reason.PLATFORM_INVALID, message) from None
