"""Servers that the operator of PostgreSQL or RabbitMQ runs for a platform.

Where they are follows from their names: no host out of a spec, a status or a Secret is called.
"""

from collections.abc import Mapping

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.errors import DependencyMissingError
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.kinds import Kind, ObjectKey
from fastapi_fleet.reconcile.admin_secrets import CA_KEY, BrokerAdminSecret, PostgresAdminSecret, read_admin_secret
from fastapi_fleet.resources import names
from fastapi_fleet.status.managed_clusters import state_of_cluster


def require_serving(cache: ObjectCache, kind: Kind, namespace: str, name: str) -> None:
    """Raises DependencyMissingError where nobody can log in yet, with what the other operator says."""
    if kind.name not in cache.served:
        message = f"the cluster has no {kind.plural}.{kind.group}, or the operator may not read them"
        raise DependencyMissingError(Reason.KIND_MISSING, message)
    cluster = cache.get(ObjectKey(kind.name, namespace, name))
    if cluster is None:
        raise DependencyMissingError(Reason.BACKEND_NOT_READY, f"{kind.name} {name} has not been made yet")
    state = state_of_cluster(cluster)
    if not state.serving:
        raise DependencyMissingError(Reason.BACKEND_NOT_READY, f"{kind.name} {name}: {state.said}")


def postgres_of_cluster(
    namespace: str, cluster: str, login: Mapping[str, str], authority: Mapping[str, str]
) -> PostgresAdminSecret:
    """CloudNativePG's servers speak TLS with certificates for the names of their Services."""
    host = names.cluster_host(names.write_service(cluster), namespace)
    values = _login(login) | {"host": host}
    _require_key(names.server_ca_secret(cluster), authority, CA_KEY)
    return read_admin_secret(PostgresAdminSecret, names.superuser_secret(cluster), values | {CA_KEY: authority[CA_KEY]})


def broker_of_cluster(namespace: str, cluster: str, login: Mapping[str, str]) -> BrokerAdminSecret:
    """Without TLS, as the Cluster Operator makes them unless it is given a certificate."""
    values = _login(login) | {"host": names.cluster_host(cluster, namespace), "tls": "false"}
    return read_admin_secret(BrokerAdminSecret, names.default_user_secret(cluster), values)


def _require_key(secret: str, values: Mapping[str, str], key: str) -> None:
    if key not in values:
        raise DependencyMissingError(Reason.SECRET_MISSING, f"Secret {secret} has no key {key}")


def _login(values: Mapping[str, str]) -> dict[str, str]:
    return {key: values[key] for key in ("username", "password") if key in values}
