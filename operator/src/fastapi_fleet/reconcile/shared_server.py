"""Who else connects to the database server of a service, as far as the operator's cache tells."""

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.kinds import FASTAPI_SERVICE, Object
from fastapi_fleet.reconcile.on_platform import platform_of
from fastapi_fleet.reconcile.own_servers import gives_own_servers
from fastapi_fleet.resources.manifest import Owner


def sharing_server(owner: Owner, spec: FastAPIServiceSpec, cache: ObjectCache) -> tuple[int | None, ...]:
    """Most connections of each other service with a database on the same platform, as its status says it.

    Nothing for a service without a pool, which nobody reckons for, nor for one with a server of its own.
    """
    if spec.database is None or spec.database.pool is None or gives_own_servers(platform_of(owner, spec, cache)):
        return ()
    others = (
        service
        for service in cache.of_kind(FASTAPI_SERVICE)
        if service["metadata"]["namespace"] == owner.namespace and service["metadata"]["name"] != owner.name
    )
    return tuple(
        (service.get("status") or {}).get("databaseConnections")
        for service in others
        if _has_database_on(service, spec.platform)
    )


def _has_database_on(service: Object, platform: str) -> bool:
    """One that is being deleted holds its connections until it is gone."""
    spec = service.get("spec") or {}
    return spec.get("database") is not None and spec.get("platform", "default") == platform
