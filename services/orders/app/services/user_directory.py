"""Who a user is: asked of the users service, or known from its events when it does not answer."""

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import TypeVar
from uuid import UUID

import httpx2
import structlog
from fleetkit.database import Database
from fleetkit.http_client import ServiceClient, UpstreamUnavailableError
from pydantic import BaseModel, ValidationError

from app.models.user import EmbeddedUser, UserSummary
from app.repositories.known_users import KnownUserRepository

Answer = TypeVar("Answer", bound=BaseModel)
log = structlog.get_logger(__name__)


class _UserAnswer(BaseModel):
    id: UUID
    email: str
    name: str
    role: str

    def summary(self) -> UserSummary:
        return UserSummary(self.id, self.email, self.name, self.role)


class _PageAnswer(BaseModel):
    items: list[_UserAnswer]


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
        return _read(response, _UserAnswer).summary()

    async def get_users(self, user_ids: Collection[UUID]) -> dict[UUID, UserSummary]:
        """Those of the users that exist, by id, in one call for up to a hundred.

        Raises:
            UpstreamUnavailableError: no usable answer within the deadline.
        """
        params = {"ids": [str(user_id) for user_id in user_ids], "limit": str(len(user_ids))}
        answer = _read(await self.request("GET", "/users", params=params), _PageAnswer)
        return {user.id: user.summary() for user in answer.items}


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
            return (await self._known([user_id], error))[user_id]

    async def find_all(self, user_ids: Collection[UUID]) -> Mapping[UUID, EmbeddedUser]:
        """Each of up to a hundred users, as `find` does, in one call."""
        if not user_ids:
            return {}
        try:
            users = await self._client.get_users(user_ids)
        except UpstreamUnavailableError as error:
            return await self._known(user_ids, error)
        return {user_id: EmbeddedUser(users.get(user_id), degraded=False) for user_id in user_ids}

    async def _known(self, user_ids: Collection[UUID], error: UpstreamUnavailableError) -> Mapping[UUID, EmbeddedUser]:
        log.warning("Users were taken from the local copy", users=len(user_ids), reason=str(error))
        async with self._database.acquire() as connection:
            known = await KnownUserRepository(connection).find(user_ids)
        return {user_id: EmbeddedUser(known.get(user_id), degraded=True) for user_id in user_ids}


def _read(response: httpx2.Response, model: type[Answer]) -> Answer:
    if response.status_code != HTTPStatus.OK:
        raise UpstreamUnavailableError(f"users answered {response.status_code}")
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        raise UpstreamUnavailableError("users answered something that is no user") from error
