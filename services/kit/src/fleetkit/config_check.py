"""`/config-check`: what the service runs with, without what is secret."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, SecretBytes, SecretStr
from pydantic_settings import BaseSettings


class ConfigCheck(BaseModel):
    """Plain settings with their values; of secret ones only the names that are set."""

    settings: dict[str, Any]
    secrets_set: list[str]


def config_check_router(settings: BaseSettings) -> APIRouter:
    """Builds `/config-check` for these settings. What is typed `SecretStr` never shows its value."""
    router = APIRouter(tags=["operations"])
    secrets = {name for name, value in settings if isinstance(value, SecretStr | SecretBytes)}
    answer = ConfigCheck(settings=settings.model_dump(mode="json", exclude=secrets), secrets_set=sorted(secrets))

    @router.get("/config-check")
    async def get_config() -> ConfigCheck:
        """Shows what the service was configured with, and of secrets only which are set."""
        return answer

    return router
