"""How the operator reaches the servers of platforms and services as their administrator: by mode."""

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.platform_modes import External
from fastapi_fleet.api.platform_spec import PostgresPlatform, RabbitmqPlatform
from fastapi_fleet.backends.postgres import PostgresServer
from fastapi_fleet.backends.rabbitmq import BrokerServer
from fastapi_fleet.constants import POSTGRES_PORT, RABBITMQ_MANAGEMENT_PORT
from fastapi_fleet.errors import DependencyMissingError, InvalidSpecError
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.client import KubeClient
from fastapi_fleet.kube.kinds import POSTGRES_CLUSTER, RABBITMQ_CLUSTER, SECRET, Object, ObjectKey, key_of
from fastapi_fleet.reconcile.admin_secrets import (
    BrokerAdminSecret,
    ExternalSecret,
    Login,
    PostgresAdminSecret,
    read_admin_secret,
)
from fastapi_fleet.reconcile.allowed_hosts import AllowedHosts
from fastapi_fleet.reconcile.managed_servers import broker_of_cluster, postgres_of_cluster, require_serving
from fastapi_fleet.reconcile.parse import parse_platform
from fastapi_fleet.resources import names
from fastapi_fleet.resources.secret import decode


class Servers:
    """Administrators' credentials come from Secrets of the resource's own namespace, and from nowhere else.

    Methods raise DependencyMissingError where a Secret or a key of it lacks, BackendRefusedError where it cannot be
    used, ApiUnavailableError where it cannot be read.
    """

    def __init__(self, *, kube: KubeClient, cache: ObjectCache, allowed: AllowedHosts) -> None:
        self._kube = kube
        self._cache = cache
        self._allowed = allowed

    async def postgres(self, platform: Object) -> PostgresServer:
        key, spec = key_of(platform), parse_platform(platform).postgres
        if spec is not None and spec.mode != "Embedded":
            return (await self.others_postgres(key.namespace, key.name, spec)).server()
        return await self._embedded_postgres(key.namespace, key.name)

    async def own_postgres(self, service: ObjectKey) -> PostgresServer:
        """The server that the service has of its own."""
        return await self._embedded_postgres(service.namespace, service.name)

    async def broker(self, platform: Object) -> BrokerServer:
        key, spec = key_of(platform), parse_platform(platform).rabbitmq
        if spec is not None and spec.mode != "Embedded":
            return (await self.others_broker(key.namespace, key.name, spec)).server()
        backend = names.rabbitmq(key.name)
        user, password = await self._login(key.namespace, names.admin_secret(backend))
        host = names.cluster_host(backend, key.namespace)
        return BrokerServer(host=host, port=RABBITMQ_MANAGEMENT_PORT, user=user, password=password)

    async def others_postgres(self, namespace: str, platform: str, spec: PostgresPlatform) -> PostgresAdminSecret:
        """The PostgreSQL of a platform, where others run it."""
        if spec.mode == "External":
            return await self._external(PostgresAdminSecret, namespace, _required(spec.external, "spec.postgres"))
        cluster = names.postgres(platform)
        require_serving(self._cache, POSTGRES_CLUSTER, namespace, cluster)
        login = await self._values(namespace, names.superuser_secret(cluster))
        authority = await self._values(namespace, names.server_ca_secret(cluster))
        return postgres_of_cluster(namespace, cluster, login, authority)

    async def others_broker(self, namespace: str, platform: str, spec: RabbitmqPlatform) -> BrokerAdminSecret:
        """The RabbitMQ of a platform, where others run it."""
        if spec.mode == "External":
            return await self._external(BrokerAdminSecret, namespace, _required(spec.external, "spec.rabbitmq"))
        cluster = names.rabbitmq(platform)
        require_serving(self._cache, RABBITMQ_CLUSTER, namespace, cluster)
        return broker_of_cluster(namespace, cluster, await self._values(namespace, names.default_user_secret(cluster)))

    async def _embedded_postgres(self, namespace: str, owner: str) -> PostgresServer:
        backend = names.postgres(owner)
        user, password = await self._login(namespace, names.admin_secret(backend))
        host = names.cluster_host(backend, namespace)
        return PostgresServer(host=host, port=POSTGRES_PORT, user=user, password=password, exclusive=True)

    async def _external(self, model: type[ExternalSecret], namespace: str, external: External) -> ExternalSecret:
        name = external.admin_secret_ref.name
        secret = read_admin_secret(model, name, await self._values(namespace, name))
        for host in secret.hosts:
            self._allowed.require(host)
        return secret

    async def _login(self, namespace: str, name: str) -> tuple[str, str]:
        login = read_admin_secret(Login, name, await self._values(namespace, name))
        return login.username, login.password

    async def _values(self, namespace: str, name: str) -> dict[str, str]:
        key = ObjectKey(SECRET.name, namespace, name)
        secret = self._cache.get(key) or await self._kube.get(key)
        if secret is None:
            raise DependencyMissingError(Reason.SECRET_MISSING, f"{key}, which reaching the server needs, is not there")
        return decode(secret)


def _required(external: External | None, field: str) -> External:
    if external is None:
        raise InvalidSpecError(f"{field}.external", "mode External needs it")
    return external
