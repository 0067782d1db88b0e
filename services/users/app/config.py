"""Settings of the users service, read from the environment by name."""

from typing import Annotated

from fleetkit.auth.settings import SignerSettings
from fleetkit.grpc.settings import GrpcSettings
from fleetkit.settings import BrokerSettings, DatabaseSettings, ServiceName, ServiceSettings
from pydantic import AfterValidator, EmailStr, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.schemas.users import Password
from app.services.smtp import SmtpServer


def _fits_into_a_header(secret: SecretStr) -> SecretStr:
    # By the scheme Basic another one would come as something else, or not at all.
    text = secret.get_secret_value()
    if not (text.isascii() and text.isprintable()):
        raise ValueError("must be of printable ASCII characters")
    return secret


ClientName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
ClientSecret = Annotated[SecretStr, Field(min_length=16), AfterValidator(_fits_into_a_header)]


class MailSettings(BaseSettings):
    """Where mail is sent from, and through what. Without `SMTP_HOST` none is sent.

    `SMTP_USERNAME` and `SMTP_PASSWORD` go over an encrypted connection only. What the server does not take is tried
    again after `MAIL_RETRY_SECONDS`, then after twice as long each time, up to an hour.
    """

    smtp_host: str | None = None
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 25
    smtp_starttls: bool = False
    smtp_username: str | None = None
    smtp_password: Annotated[SecretStr | None, Field(validate_default=True)] = None
    mail_from: Annotated[EmailStr | None, Field(validate_default=True)] = None
    mail_retry_seconds: Annotated[float, Field(gt=0, le=3600)] = 5.0

    @field_validator("smtp_username")
    @classmethod
    def _is_sent_encrypted(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and not info.data.get("smtp_starttls"):
            raise ValueError("needs SMTP_STARTTLS=true")
        return value

    @field_validator("smtp_password")
    @classmethod
    def _belongs_to_a_name(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if (value is None) != (info.data.get("smtp_username") is None):
            raise ValueError("is set together with SMTP_USERNAME, or not at all")
        return value

    @field_validator("mail_from")
    @classmethod
    def _is_there_for_mail(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("smtp_host") is not None:
            raise ValueError("is required with SMTP_HOST")
        return value

    def smtp_server(self) -> SmtpServer | None:
        """The server that mail goes through, None where none is sent."""
        if self.smtp_host is None or self.mail_from is None:
            return None
        return SmtpServer(
            host=self.smtp_host,
            port=self.smtp_port,
            sender=self.mail_from,
            starttls=self.smtp_starttls,
            username=self.smtp_username,
            password=self.smtp_password,
        )


class Settings(ServiceSettings, DatabaseSettings, BrokerSettings, SignerSettings, MailSettings, GrpcSettings):
    """Required: `DATABASE_URL`, `RABBITMQ_URL` and `JWT_SECRET`. The service name begins its queues' names.

    `ADMIN_EMAIL` and `ADMIN_PASSWORD` make the first admin, while there is none. `SERVICE_CLIENTS__<NAME>` is the
    secret by which the service of this name gets its tokens, of 16 characters or more. A wrong password or secret is
    accepted `LOGIN_ATTEMPTS_PER_MINUTE` times for one account from one address, in each process.
    """

    model_config = SettingsConfigDict(env_nested_delimiter="__")

    service_name: ServiceName = "users"
    admin_email: EmailStr | None = None
    admin_password: Annotated[Password | None, Field(validate_default=True)] = None
    service_clients: dict[ClientName, ClientSecret] = {}
    login_attempts_per_minute: Annotated[int, Field(ge=1, le=10_000)] = 10

    @field_validator("admin_password")
    @classmethod
    def _belongs_to_an_address(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if (value is None) != (info.data.get("admin_email") is None):
            raise ValueError("is set together with ADMIN_EMAIL, or not at all")
        return value
