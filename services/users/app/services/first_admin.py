"""The first admin, who makes the others."""

from uuid import uuid4

import structlog
from fleetkit.database import Database
from pydantic import SecretStr

from app.models.user import Role, User
from app.repositories.users import UserRepository
from app.services.passwords import Passwords
from app.services.users import add_user

NAME = "Administrator"
log = structlog.get_logger(__name__)


class FirstAdmin:
    """Makes an admin while there is none: once, however often and in however many processes it is tried.

    Args:
        database: where users are.
        passwords: hashes the password.
        email: the admin's address. A user who has it already is left as it is: whoever registered first would
            become the admin otherwise.
        password: what the admin logs in with.
        event_source: where events of users come from.
    """

    def __init__(
        self, database: Database, *, passwords: Passwords, email: str, password: SecretStr, event_source: str
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._email = email
        self._password = password
        self._event_source = event_source

    async def ensure(self) -> None:
        """Makes the admin unless there is one.

        Raises:
            DatabaseUnavailableError: try again later.
        """
        async with self._database.acquire() as connection:
            if await UserRepository(connection).has_admin():
                return
        password_hash = await self._passwords.hash(self._password)
        async with self._database.transaction() as connection:
            repository = UserRepository(connection)
            await repository.lock_admins()
            if await repository.has_admin():
                return
            admin = User(id=uuid4(), email=self._email, name=NAME, role=Role.ADMIN)
            if await add_user(connection, admin, password_hash, event_source=self._event_source):
                log.info("First admin was made", admin=str(admin.id))
            else:
                log.error("There is no admin, and ADMIN_EMAIL belongs to a member: take another address")
