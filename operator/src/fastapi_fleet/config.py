"""Settings of the operator, from environment variables with the prefix FLEET_."""

from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class OperatorSettings(BaseSettings):
    """Raises pydantic.ValidationError that names each variable that does not fit."""

    model_config = SettingsConfigDict(env_prefix="FLEET_", frozen=True)

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    workers: int = Field(8, ge=1, le=64, description="Passes that run at once.")
    resync_seconds: float = Field(600.0, ge=10, description="Seconds between two looks at everything, give or take.")
    port: int = Field(8080, ge=1, le=65535, description="Port of /livez, /readyz and /metrics.")
    watch_namespaces: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Comma-separated namespaces to look after. All of them when empty."
    )

    caller_namespaces: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Comma-separated namespaces whose pods may reach every service: ingress controller, Prometheus."
    )

    external_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Comma-separated hosts of external servers, such as *.example.com. None when empty."
    )

    lease_name: str = Field(
        "fastapi-fleet-operator", min_length=1, description="Lease that one replica at a time holds."
    )
    lease_namespace: str = Field("fastapi-fleet-system", min_length=1, description="Namespace of the Lease.")

    @property
    def heartbeat_namespace(self) -> str:
        """Where the watches look: the Lease's namespace, unless only others are watched."""
        own = not self.watch_namespaces or self.lease_namespace in self.watch_namespaces
        return self.lease_namespace if own else self.watch_namespaces[0]

    @field_validator("watch_namespaces", "caller_namespaces", "external_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value
