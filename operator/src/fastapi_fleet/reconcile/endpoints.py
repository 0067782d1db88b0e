"""Where services reach the servers of their platform, and the URLs that say so to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ValidationError

from fastapi_fleet.api.endpoints import BrokerEndpoint, PostgresEndpoint
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import (
    AMQP_PORT,
    LABEL_COMPONENT,
    LABEL_NAME,
    LABEL_OWNER_KIND,
    LABEL_OWNER_NAME,
    OWNER_KIND_SERVICE,
    POSTGRES_PORT,
)
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.reconcile.own_servers import gives_own_servers
from fastapi_fleet.resources import names
from fastapi_fleet.resources.certificate_authority import authority_path
from fastapi_fleet.resources.service_inputs import ServerPeer

Endpoint = TypeVar("Endpoint", bound=BaseModel)


@dataclass(frozen=True)
class Endpoints:
    """None where a platform has not found a server that others run yet.

    `peers`: servers that are not the platform's own pods.
    """

    postgres: PostgresEndpoint | None
    broker: BrokerEndpoint | None
    peers: Mapping[str, ServerPeer]

    def authorities(self, spec: FastAPIServiceSpec) -> tuple[str, ...]:
        """Servers that the service uses and whose certificate its pods check."""
        used = {"postgres": spec.database and self.postgres, "rabbitmq": spec.broker and self.broker}
        return tuple(name for name, endpoint in used.items() if endpoint and endpoint.certificate_authority)


def endpoints_of(service: str, name: str, platform: Object | None) -> Endpoints:
    """Of a service on the platform called `name`.

    By what the platform's spec says and, where others run its servers, by what its status has found.
    """
    spec: Mapping[str, Mapping[str, object]] = (platform or {}).get("spec") or {}
    status: Mapping[str, object] = (platform or {}).get("status") or {}
    postgres: PostgresEndpoint | None = PostgresEndpoint(host=names.postgres(name), port=POSTGRES_PORT)
    broker: BrokerEndpoint | None = BrokerEndpoint(host=names.rabbitmq(name), port=AMQP_PORT)
    peers: dict[str, ServerPeer] = {}
    if (mode := _mode(spec.get("postgres"))) != "Embedded":
        postgres = _found(PostgresEndpoint, status.get("postgres"))
        peers |= {"postgres": _peer(postgres, _pod_labels(mode, names.postgres(name)))} if postgres else {}
    elif gives_own_servers(platform):
        postgres = PostgresEndpoint(host=names.postgres(service), port=POSTGRES_PORT)
        peers |= {"postgres": _peer(postgres, _own_pod_labels(service))}
    if (mode := _mode(spec.get("rabbitmq"))) != "Embedded":
        broker = _found(BrokerEndpoint, status.get("rabbitmq"))
        peers |= {"rabbitmq": _peer(broker, _pod_labels(mode, names.rabbitmq(name)))} if broker else {}
    return Endpoints(postgres, broker, peers)


def database_url(endpoint: PostgresEndpoint, role: str, password: str, database: str) -> str:
    """`prefer` is what clients do by themselves."""
    parameters: dict[str, str] = {} if endpoint.ssl_mode == "prefer" else {"sslmode": endpoint.ssl_mode}
    if endpoint.certificate_authority:
        parameters["sslrootcert"] = authority_path("postgres")
    login = f"{quote(role, safe='')}:{quote(password, safe='')}"
    path = f"{quote(database, safe='')}{_query(parameters)}"
    return f"postgresql://{login}@{_authority(endpoint.host, endpoint.port)}/{path}"


def broker_url(endpoint: BrokerEndpoint, user: str, password: str, virtual_host: str) -> str:
    scheme = "amqps" if endpoint.tls else "amqp"
    parameters = {"cafile": authority_path("rabbitmq")} if endpoint.certificate_authority else {}
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    vhost = quote(endpoint.virtual_host or virtual_host, safe="")
    return f"{scheme}://{login}@{_authority(endpoint.host, endpoint.port)}/{vhost}{_query(parameters)}"


def _pod_labels(mode: object, cluster: str) -> dict[str, str]:
    """What the other operators label the pods of a cluster with. Empty where there are no such pods."""
    if mode == "CloudNativePG":
        return {"cnpg.io/cluster": cluster}
    return {LABEL_NAME: cluster, LABEL_COMPONENT: "rabbitmq"} if mode == "ClusterOperator" else {}


def _own_pod_labels(service: str) -> dict[str, str]:
    return {LABEL_OWNER_KIND: OWNER_KIND_SERVICE, LABEL_OWNER_NAME: service, LABEL_COMPONENT: "postgres"}


def _mode(server: Mapping[str, object] | None) -> object:
    return (server or {}).get("mode", "Embedded")


def _peer(endpoint: PostgresEndpoint | BrokerEndpoint, pod_labels: Mapping[str, str]) -> ServerPeer:
    return ServerPeer(endpoint.port, pod_labels=pod_labels, host=endpoint.host)


def _found(model: type[Endpoint], endpoint: object) -> Endpoint | None:
    try:
        return model.model_validate(endpoint)
    except ValidationError:
        return None


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _query(parameters: Mapping[str, str]) -> str:
    return f"?{urlencode(parameters, safe='/')}" if parameters else ""
