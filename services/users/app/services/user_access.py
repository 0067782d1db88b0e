"""Who may see and change which user."""

from uuid import UUID

from fleetkit.auth.principal import ADMIN, SERVICE, Principal
from fleetkit.problems import ForbiddenError

from app.models.credentials import PasswordChange
from app.models.user import User, UserChange
from app.services.users import UserService


class UserAccess:
    """Users as far as one principal may see and change them.

    Each raises `ForbiddenError` where it is not the principal's to do, and what `UserService` raises.
    """

    def __init__(self, users: UserService, principal: Principal) -> None:
        self._users = users
        self._principal = principal

    async def get(self, user_id: UUID) -> User:
        """Finds a user; for the user, admins and services."""
        self._principal.require_self_or(user_id, ADMIN, SERVICE)
        return await self._users.get(user_id)

    async def own(self) -> User:
        """Finds the user who asks."""
        if self._principal.user_id is None:
            raise ForbiddenError("The token is a service's, not a user's")
        return await self._users.get(self._principal.user_id)

    async def change(self, user_id: UUID, change: UserChange, *, password: PasswordChange | None = None) -> User:
        """Changes a user; for the user and admins."""
        self._principal.require_self_or(user_id, ADMIN)
        return await self._users.change(user_id, change, by=self._principal, password=password)

    async def delete(self, user_id: UUID) -> None:
        """Deletes a user; for the user and admins."""
        self._principal.require_self_or(user_id, ADMIN)
        await self._users.delete(user_id, by=self._principal)
