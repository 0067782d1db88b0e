"""Settings of the orders service, read from the environment by name."""

from typing import Annotated, Literal

from fleetkit.auth.settings import VerifierSettings
from fleetkit.settings import BrokerSettings, DatabaseSettings, ServiceName, ServiceSettings, ServiceUrl
from pydantic import Field, SecretStr, ValidationInfo, field_validator

HostAndPort = Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+:[0-9]{1,5}$")]


class Settings(ServiceSettings, DatabaseSettings, BrokerSettings, VerifierSettings):
    """Required: `DATABASE_URL`, `RABBITMQ_URL`, `JWT_SECRET`, `USER_SERVICE_URL` and `SERVICE_CLIENT_SECRET`.

    The service name begins its queues' names, and is the id by which it gets tokens from users. With
    `USERS_PROTOCOL=grpc`, `USER_SERVICE_GRPC` says where users answers, as in `users:9000`. `DEVELOPMENT_ENDPOINTS`
    adds what pretends to take money, and is never for production.
    """

    service_name: ServiceName = "orders"
    user_service_url: ServiceUrl
    service_client_secret: SecretStr
    users_protocol: Literal["http", "grpc"] = "http"
    user_service_grpc: Annotated[HostAndPort | None, Field(validate_default=True)] = None
    development_endpoints: bool = False

    @field_validator("user_service_grpc")
    @classmethod
    def _is_there_for_grpc(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("users_protocol") == "grpc":
            raise ValueError("is required where USERS_PROTOCOL is grpc")
        return value
