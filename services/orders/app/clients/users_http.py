"""The users service over HTTP."""

from collections.abc import Collection
from http import HTTPStatus
from typing import TypeVar
from uuid import UUID

import httpx2
from fleetkit.upstream.errors import UpstreamUnavailableError
from fleetkit.upstream.http import ServiceClient
from pydantic import BaseModel, ValidationError

from app.models.user import UserSummary

Answer = TypeVar("Answer", bound=BaseModel)


class _UserAnswer(BaseModel):
    id: UUID
    email: str
    name: str
    role: str

    def summary(self) -> UserSummary:
        return UserSummary(self.id, self.email, self.name, self.role)


class _PageAnswer(BaseModel):
    items: list[_UserAnswer]


class HttpUserClient(ServiceClient):
    """Asks users by its public API."""

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


def _read(response: httpx2.Response, model: type[Answer]) -> Answer:
    if response.status_code != HTTPStatus.OK:
        raise UpstreamUnavailableError(f"users answered {response.status_code}")
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        raise UpstreamUnavailableError("users answered something that is no user") from error
