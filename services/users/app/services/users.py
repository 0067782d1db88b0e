"""The rules of users: one transaction for each use case."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from fleetkit.database import Database
from fleetkit.events.outbox import append
from fleetkit.pages import Page, PageRequest
from fleetkit.problems import ConflictError, NotFoundError

from app.events.published import user_deleted, user_registered, user_updated
from app.models.user import Role, User, UserChange
from app.repositories.users import UserRepository


class EmailTakenError(ConflictError):
    code = "email_taken"


class UserNotFoundError(NotFoundError):
    code = "user_not_found"


class UserService:
    """What can be done with users."""

    def __init__(self, database: Database, *, event_source: str) -> None:
        self._database = database
        self._event_source = event_source

    async def register(self, *, email: str, name: str, role: Role) -> User:
        """Stores a user and tells of it by `user.registered`.

        Raises:
            EmailTakenError: the address belongs to a user already, in whatever case.
        """
        user = User(id=uuid4(), email=email, name=name, role=role)
        async with self._database.transaction() as connection:
            added = await UserRepository(connection).add(user)
            if added is None:
                raise EmailTakenError("A user with this e-mail address exists")
            await append(connection, user_registered(user, at=added, source=self._event_source))
        return user

    async def get(self, user_id: UUID) -> User:
        """Finds a user.

        Raises:
            UserNotFoundError: there is none with this id.
        """
        async with self._database.acquire() as connection:
            user = await UserRepository(connection).find(user_id)
        return _existing(user, user_id)

    async def page(self, request: PageRequest, *, role: Role | None, ids: Sequence[UUID] | None) -> Page[User]:
        """Lists users in the order of registration; `role` and `ids` leave out others where they are not None."""
        async with self._database.acquire() as connection:
            return await UserRepository(connection).page(request, role=role, ids=ids)

    async def change(self, user_id: UUID, change: UserChange) -> User:
        """Changes a user and tells of it by `user.updated`, unless nothing is different after.

        Raises:
            UserNotFoundError: there is none with this id.
            EmailTakenError: the new address belongs to another user, in whatever case.
        """
        async with self._database.transaction() as connection:
            repository = UserRepository(connection)
            before = _existing(await repository.lock(user_id), user_id)
            user = change.of(before)
            if user == before:
                return user
            changed = await repository.update(user)
            if changed is None:
                raise EmailTakenError("Another user with this e-mail address exists")
            await append(connection, user_updated(user, at=changed, source=self._event_source))
        return user

    async def delete(self, user_id: UUID) -> None:
        """Deletes a user and tells of it by `user.deleted`.

        Raises:
            UserNotFoundError: there is none with this id.
        """
        async with self._database.transaction() as connection:
            deleted = await UserRepository(connection).delete(user_id)
            if deleted is None:
                raise UserNotFoundError(f"There is no user {user_id}")
            await append(connection, user_deleted(user_id, at=deleted, source=self._event_source))


def _existing(user: User | None, user_id: UUID) -> User:
    if user is None:
        raise UserNotFoundError(f"There is no user {user_id}")
    return user
