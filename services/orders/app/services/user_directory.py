"""Who a user is: asked of the users service, or known from its events when it does not answer."""

from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

import structlog
from fleetkit.database import Database
from fleetkit.upstream.errors import UpstreamNotCalledError, UpstreamUnavailableError

from app.models.user import EmbeddedUser, UserSummary
from app.repositories.known_users import KnownUserRepository

log = structlog.get_logger(__name__)


class UserSource(Protocol):
    """The users service, whatever protocol it speaks."""

    async def get_user(self, user_id: UUID) -> UserSummary | None:
        """The user, None where there is none.

        Raises:
            UpstreamUnavailableError: no usable answer within the deadline.
        """

    async def get_users(self, user_ids: Collection[UUID]) -> Mapping[UUID, UserSummary]:
        """Those of up to a hundred users that exist, by id, in one call.

        Raises:
            UpstreamUnavailableError: no usable answer within the deadline.
        """


class UserDirectory:
    """Finds users for orders, and never fails because the users service does."""

    def __init__(self, source: UserSource, database: Database) -> None:
        self._source = source
        self._database = database

    async def find(self, user_id: UUID) -> EmbeddedUser:
        """The user as the users service has it, otherwise the local copy, marked as degraded."""
        try:
            return EmbeddedUser(await self._source.get_user(user_id), degraded=False)
        except UpstreamUnavailableError as error:
            return (await self._known([user_id], error))[user_id]

    async def find_all(self, user_ids: Collection[UUID]) -> Mapping[UUID, EmbeddedUser]:
        """Each of up to a hundred users, as `find` does, in one call."""
        if not user_ids:
            return {}
        try:
            users = await self._source.get_users(user_ids)
        except UpstreamUnavailableError as error:
            return await self._known(user_ids, error)
        return {user_id: EmbeddedUser(users.get(user_id), degraded=False) for user_id in user_ids}

    async def _known(self, user_ids: Collection[UUID], error: UpstreamUnavailableError) -> Mapping[UUID, EmbeddedUser]:
        if not isinstance(error, UpstreamNotCalledError):  # a line for each request would say what one has said
            log.warning("Users were taken from the local copy", users=len(user_ids), reason=str(error))
        async with self._database.acquire() as connection:
            known = await KnownUserRepository(connection).find(user_ids)
        return {user_id: EmbeddedUser(known.get(user_id), degraded=True) for user_id in user_ids}
