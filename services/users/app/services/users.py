"""The rules of users: one transaction for each use case."""

from uuid import UUID, uuid4

from fleetkit.database import Database
from fleetkit.events.outbox import append
from fleetkit.problems import ConflictError, NotFoundError

from app.events.published import user_registered
from app.models.user import Role, User
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
            if not await UserRepository(connection).add(user):
                raise EmailTakenError("A user with this e-mail address exists")
            await append(connection, user_registered(user, source=self._event_source))
        return user

    async def get(self, user_id: UUID) -> User:
        """Finds a user.

        Raises:
            UserNotFoundError: there is none with this id.
        """
        async with self._database.acquire() as connection:
            user = await UserRepository(connection).find(user_id)
        if user is None:
            raise UserNotFoundError(f"There is no user {user_id}")
        return user
