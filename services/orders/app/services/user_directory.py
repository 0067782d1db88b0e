"""Who a user is: asked of the users service, or known from its events when it does not answer."""

from http import HTTPStatus
from uuid import UUID

import structlog
from fleetkit.database import Database
from fleetkit.http_client import ServiceClient, UpstreamUnavailableError
from pydantic import BaseModel, ValidationError

from app.models.user import EmbeddedUser, UserSummary
from app.repositories.known_users import KnownUserRepository

log = structlog.get_logger(__name__)


class _UserAnswer(BaseModel):
    id: UUID
    email: str
    name: str
    role: str


class UserClient(ServiceClient):
    """Calls the users service."""

    async def get_user(self, user_id: UUID) -> UserSummary | None:
        """The user, None where there is none.

        Raises:
            UpstreamUnavailableError: no usable answer within the deadline.
        """
        response = await self.request("GET", f"/users/{user_id}")
        if response.status_code == HTTPStatus.NOT_FOUND:
            return None
        if response.status_code != HTTPStatus.OK:
            raise UpstreamUnavailableError(f"users answered {response.status_code}")
        try:
            answer = _UserAnswer.model_validate_json(response.content)
        except ValidationError as error:
            raise UpstreamUnavailableError("users answered something that is no user") from error
        return UserSummary(answer.id, answer.email, answer.name, answer.role)


class UserDirectory:
    """Finds users for orders, and never fails because the users service does."""

    def __init__(self, client: UserClient, database: Database) -> None:
        self._client = client
        self._database = database

    async def find(self, user_id: UUID) -> EmbeddedUser:
        """The user as the users service has it, otherwise the local copy, marked as degraded."""
        try:
            return EmbeddedUser(await self._client.get_user(user_id), degraded=False)
        except UpstreamUnavailableError as error:
            log.warning("User was taken from the local copy", user_id=str(user_id), reason=str(error))
        async with self._database.acquire() as connection:
            return EmbeddedUser(await KnownUserRepository(connection).find(user_id), degraded=True)
