"""What the administrator's Secret of a server that the operator did not make has to say."""

import ssl
from collections.abc import Mapping
from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.endpoints import BrokerEndpoint, Host, Port, PostgresEndpoint, SslMode
from fastapi_fleet.backends.postgres import PostgresServer
from fastapi_fleet.backends.rabbitmq import BrokerServer
from fastapi_fleet.constants import AMQP_PORT, AMQPS_PORT, POSTGRES_PORT, RABBITMQ_MANAGEMENT_PORT
from fastapi_fleet.constants import RABBITMQ_MANAGEMENT_TLS_PORT as MANAGEMENT_TLS_PORT
from fastapi_fleet.errors import BackendRefusedError, DependencyMissingError

CA_KEY = "ca.crt"

_Text = Annotated[str, StringConstraints(min_length=1, max_length=1024)]

Secret = TypeVar("Secret", bound="Login")
ExternalSecret = TypeVar("ExternalSecret", bound="AdminSecret")


class Login(BaseModel):
    """An administrator's login. Other keys of the Secret mean nothing here."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    username: _Text
    password: _Text = Field(repr=False)


class AdminSecret(Login):
    """An administrator's login, and where the server is."""

    host: Host
    ca: str | None = Field(None, alias=CA_KEY, max_length=65536, repr=False)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host that the operator calls because of this Secret."""
        return (self.host,)

    @model_validator(mode="after")
    def _require_certificates(self) -> Self:
        if self.ca is not None:
            try:
                ssl.create_default_context(cadata=self.ca)
            except (ssl.SSLError, ValueError):
                raise ValueError(f"{CA_KEY} holds no certificates in PEM") from None
        return self


class PostgresAdminSecret(AdminSecret):
    """`sslmode`: verify-full where there is a CA, else require: without TLS only where the Secret says so."""

    port: Port = POSTGRES_PORT
    sslmode: SslMode | None = None
    dbname: _Text = "postgres"

    @model_validator(mode="after")
    def _require_authority(self) -> Self:
        if self._verifies and self.ca is None:
            raise ValueError(f"sslmode {self.sslmode} needs {CA_KEY}")
        return self

    def server(self) -> PostgresServer:
        return PostgresServer(
            host=self.host,
            port=self.port,
            user=self.username,
            password=self.password,
            ssl_mode=self._ssl_mode,
            certificate_authority=self.ca if self._verifies else None,
            database=self.dbname,
        )

    def endpoint(self) -> PostgresEndpoint:
        return PostgresEndpoint(
            host=self.host, port=self.port, ssl_mode=self._ssl_mode, certificate_authority=self._verifies
        )

    @property
    def _ssl_mode(self) -> SslMode:
        return self.sslmode or ("require" if self.ca is None else "verify-full")

    @property
    def _verifies(self) -> bool:
        return self._ssl_mode in {"verify-ca", "verify-full"}


class BrokerAdminSecret(AdminSecret):
    """`tls`: of AMQP and of the management API; without it only where the Secret says so.

    `vhost`: virtual host of all services of the platform, where it is to be another than the platform's own.
    """

    tls: bool = True
    port: Port | None = None
    management_host: Host | None = Field(None, alias="managementHost")
    management_port: Port | None = Field(None, alias="managementPort")
    vhost: Annotated[str, StringConstraints(max_length=255)] = ""

    @property
    def hosts(self) -> tuple[str, ...]:
        return (self.host, self.management_host or self.host)

    def server(self) -> BrokerServer:
        return BrokerServer(
            host=self.management_host or self.host,
            port=self.management_port or (MANAGEMENT_TLS_PORT if self.tls else RABBITMQ_MANAGEMENT_PORT),
            user=self.username,
            password=self.password,
            tls=self.tls,
            certificate_authority=self.ca if self.tls else None,
            virtual_host=self.vhost,
        )

    def endpoint(self) -> BrokerEndpoint:
        return BrokerEndpoint(
            host=self.host,
            port=self.port or (AMQPS_PORT if self.tls else AMQP_PORT),
            tls=self.tls,
            certificate_authority=self.tls and self.ca is not None,
            virtual_host=self.vhost,
        )


def read_admin_secret(model: type[Secret], name: str, values: Mapping[str, str]) -> Secret:
    """Raises DependencyMissingError for a key that lacks, BackendRefusedError for one that cannot be used.

    Neither tells a value: a password may stand where it does not belong.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        raise DependencyMissingError(Reason.SECRET_MISSING, f"Secret {name} has no key {key}")
    message = f"Secret {name}: {': '.join(part for part in (key, first['msg']) if part)}"
    raise BackendRefusedError(Reason.ADMIN_SECRET_INVALID, message)
