"""Where services reach a platform's servers: without credentials, so that status may show it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from fastapi_fleet.api.model import ApiModel

Host = Annotated[
    str, StringConstraints(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9:]([-A-Za-z0-9.:]*[A-Za-z0-9])?$")
]
"""A DNS name or an IP address."""

Port = Annotated[int, Field(ge=1, le=65535)]

SslMode = Literal["disable", "prefer", "require", "verify-ca", "verify-full"]


class PostgresEndpoint(ApiModel):
    host: Host = Field(description="Name or address of the server.")
    port: Port = Field(description="Port of the server.")
    ssl_mode: SslMode = Field("prefer", description="sslmode of the services' connections, in libpq's words.")
    certificate_authority: bool = Field(
        default=False, description="Whether services check the server's certificate with the CA of the platform."
    )


class BrokerEndpoint(ApiModel):
    host: Host = Field(description="Name or address of the broker.")
    port: Port = Field(description="AMQP port of the broker.")
    tls: bool = Field(default=False, description="Whether services speak AMQP over TLS.")
    certificate_authority: bool = Field(
        default=False, description="Whether services check the broker's certificate with the CA of the platform."
    )
    virtual_host: Annotated[str, StringConstraints(max_length=255)] = Field(
        "", description="Virtual host of all services. Empty: one that is made for the platform."
    )
