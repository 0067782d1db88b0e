"""Settings from the environment that fail at start, by name, without showing a value."""

from collections.abc import Callable
from typing import Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    Field,
    PositiveFloat,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

SettingsType = TypeVar("SettingsType", bound=BaseSettings)


class SettingsError(Exception):
    """One or more settings are missing or invalid; the message names each and shows no value."""


def _secret_url(scheme: str, example: str) -> Callable[[SecretStr], SecretStr]:
    def check(url: SecretStr) -> SecretStr:
        if not _is_server_url(url.get_secret_value(), scheme):
            raise ValueError(f"must look like {example}, with every special character of the password percent-encoded")
        return url

    return check


def _is_server_url(url: str, scheme: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # it quotes the URL, so it is not passed on
        return False
    return parts.scheme == scheme and bool(parts.hostname) and port != 0 and "#" not in url


def _without_credentials(url: AnyHttpUrl) -> AnyHttpUrl:
    if url.username or url.password:
        raise ValueError("must not carry credentials")
    return url


PostgresUrl = Annotated[
    SecretStr, AfterValidator(_secret_url("postgresql", "postgresql://user:password@host:5432/database"))
]
AmqpUrl = Annotated[SecretStr, AfterValidator(_secret_url("amqp", "amqp://user:password@host:5672/vhost"))]
BootstrapServers = Annotated[str, Field(pattern=r"^[a-zA-Z0-9._\-\[\]:]+:[0-9]+(,[a-zA-Z0-9._\-\[\]:]+:[0-9]+)*$")]
ServiceName = Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")]
RetryDelay = Annotated[float, Field(ge=0.001, le=86_400)]
ServiceUrl = Annotated[AnyHttpUrl, AfterValidator(_without_credentials)]
_ADDRESS_OF_BACKEND = {"rabbitmq": "rabbitmq_url", "kafka": "kafka_bootstrap_servers"}


class ServiceSettings(BaseSettings):
    """What every service has. A service gives `service_name`, of type `ServiceName`, its default.

    `process` says what this process does: `all` of it; `web` serves requests and leaves events to others; a `worker`
    carries events and serves nothing but health, metrics and the config check.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    service_name: ServiceName
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    process: Literal["all", "web", "worker"] = "all"
    otel_exporter_otlp_endpoint: ServiceUrl | None = None


class DatabaseSettings(BaseSettings):
    """PostgreSQL. Times are in seconds."""

    database_url: PostgresUrl
    database_pool_min: Annotated[int, Field(ge=0, le=100)] = 2
    database_pool_max: Annotated[int, Field(ge=1, le=200)] = 8
    database_acquire_timeout: PositiveFloat = 2.0
    database_statement_timeout: PositiveFloat = 5.0


class BrokerSettings(BaseSettings):
    """RabbitMQ or Kafka, and what is needed of the one that is chosen. Times are in seconds.

    An event whose handler fails is tried again after each of `events_retry_delays`, then parked. One for which no
    queue is bound is dropped after `events_unrouted_hours`.

    `kafka_topic_prefix` begins the names of all topics and consumer groups, for fleets that share a cluster.
    `kafka_partitions` is what a topic gets that does not exist yet: as many replicas of a service share its work.
    """

    events_backend: Literal["rabbitmq", "kafka"] = "rabbitmq"
    rabbitmq_url: Annotated[AmqpUrl | None, Field(validate_default=True)] = None
    kafka_bootstrap_servers: Annotated[BootstrapServers | None, Field(validate_default=True)] = None
    kafka_topic_prefix: Annotated[str, Field(pattern=r"^[a-zA-Z0-9._-]{0,100}$")] = ""
    kafka_partitions: Annotated[int, Field(ge=1, le=1000)] = 3
    events_publish_timeout: PositiveFloat = 5.0
    events_prefetch: Annotated[int, Field(ge=1, le=1000)] = 100
    events_retry_delays: Annotated[tuple[RetryDelay, ...], Field(max_length=10)] = (10.0, 60.0, 600.0)
    events_unrouted_hours: PositiveFloat = 24.0

    @field_validator("rabbitmq_url", "kafka_bootstrap_servers")
    @classmethod
    def _require_chosen(cls, value: object, info: ValidationInfo) -> object:
        backend = info.data.get("events_backend", "")
        if value is None and info.field_name == _ADDRESS_OF_BACKEND.get(backend):
            raise ValueError(f"is required with EVENTS_BACKEND={backend}")
        return value


def load_settings(settings_class: type[SettingsType]) -> SettingsType:
    """Reads the settings from the environment.

    Raises:
        SettingsError: naming every missing or invalid environment variable.
    """
    try:
        return settings_class()
    except ValidationError as error:
        problems = [
            f"{'.'.join(str(part) for part in detail['loc']).upper()}: {detail['msg']}"
            for detail in error.errors(include_input=False, include_url=False, include_context=False)
        ]
    raise SettingsError("; ".join(problems))
