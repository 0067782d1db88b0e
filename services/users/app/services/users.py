"""The rules of users: one transaction for each use case."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from fleetkit.auth.principal import ADMIN, Principal
from fleetkit.database import Connection, Database
from fleetkit.events.outbox import append
from fleetkit.pages import Page, PageRequest
from fleetkit.problems import ConflictError, ForbiddenError, NotFoundError, UnauthorizedError
from fleetkit.rate_limit import RateLimiter
from pydantic import SecretStr

from app.events.published import user_deleted, user_registered, user_updated
from app.models.credentials import HashChange, PasswordChange
from app.models.user import Role, User, UserChange
from app.repositories.passwords import PasswordRepository
from app.repositories.users import UserRepository
from app.services.passwords import Passwords


class EmailTakenError(ConflictError):
    code = "email_taken"


class UserNotFoundError(NotFoundError):
    code = "user_not_found"


class WrongPasswordError(ForbiddenError):
    """The password that was given as the current one is not."""

    code = "wrong_password"


class UserService:
    """What can be done with users, and who may do it where that depends on more than whose user it is.

    Args:
        database: where users are.
        passwords: hashes and verifies their passwords.
        limiter: counts how often a password is given wrongly.
        event_source: where events of users come from.
    """

    def __init__(self, database: Database, *, passwords: Passwords, limiter: RateLimiter, event_source: str) -> None:
        self._database = database
        self._passwords = passwords
        self._limiter = limiter
        self._event_source = event_source

    async def register(
        self, *, email: str, name: str, role: Role, password: SecretStr | None = None, by: Principal | None = None
    ) -> User:
        """Stores a user and tells of it by `user.registered`.

        Args:
            email: where the user gets mail, and by what the user logs in.
            name: what to call the user.
            role: only an admin makes an admin.
            password: without one the user gets no token.
            by: who asks, None where that is not known.

        Raises:
            UnauthorizedError: somebody unknown asks for an admin.
            ForbiddenError: somebody who is no admin does, or is none any more.
            EmailTakenError: the address belongs to a user already, in whatever case.
        """
        if role is Role.ADMIN:
            await self._require_admin(by)
        password_hash = await self._passwords.hash(password) if password is not None else None
        user = User(id=uuid4(), email=email, name=name, role=role)
        async with self._database.transaction() as connection:
            if not await add_user(connection, user, password_hash, event_source=self._event_source):
                raise EmailTakenError("A user with this e-mail address exists")
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

    async def change(
        self, user_id: UUID, change: UserChange, *, by: Principal, password: PasswordChange | None = None
    ) -> User:
        """Changes a user and tells of it by `user.updated`, unless nothing is different after.

        A password is no part of what is told.

        Raises:
            ForbiddenError: who would change a role or somebody else is no admin, or is none any more.
            WrongPasswordError: users who have a password give it to change it.
            TooManyRequestsError: it was wrong too often.
            UserNotFoundError: there is none with this id.
            EmailTakenError: the new address belongs to another user, in whatever case.
        """
        if change.role is not None or by.user_id != user_id:
            await self._require_admin(by)
        new_hash = None if password is None else await self._new_hash(user_id, password, by)
        async with self._database.transaction() as connection:
            repository = UserRepository(connection)
            before = _existing(await repository.lock(user_id), user_id)
            if new_hash is not None:
                await _store(connection, user_id, new_hash)
            user = change.of(before)
            if user == before:
                return user
            changed = await repository.update(user)
            if changed is None:
                raise EmailTakenError("Another user with this e-mail address exists")
            await append(connection, user_updated(user, at=changed, source=self._event_source))
        return user

    async def delete(self, user_id: UUID, *, by: Principal) -> None:
        """Deletes a user and tells of it by `user.deleted`.

        Raises:
            ForbiddenError: who would delete somebody else is no admin, or is none any more.
            UserNotFoundError: there is none with this id.
        """
        if by.user_id != user_id:
            await self._require_admin(by)
        async with self._database.transaction() as connection:
            deleted = await UserRepository(connection).delete(user_id)
            if deleted is None:
                raise UserNotFoundError(f"There is no user {user_id}")
            await append(connection, user_deleted(user_id, at=deleted, source=self._event_source))

    async def _require_admin(self, principal: Principal | None) -> None:
        if principal is None:
            raise UnauthorizedError("This needs the token of an admin")
        # The token may be from before the role was taken away, and must not give it back.
        if principal.user_id is None or not principal.has_any(ADMIN) or not await self._is_admin(principal.user_id):
            raise ForbiddenError("This is for admins")

    async def _is_admin(self, user_id: UUID) -> bool:
        async with self._database.acquire() as connection:
            user = await UserRepository(connection).find(user_id)
        return user is not None and user.role is Role.ADMIN

    async def _new_hash(self, user_id: UUID, password: PasswordChange, by: Principal) -> HashChange:
        verified = await self._verified_hash(user_id, password.current) if by.user_id == user_id else None
        return HashChange(await self._passwords.hash(password.new), in_place_of=verified)

    async def _verified_hash(self, user_id: UUID, given: SecretStr | None) -> str | None:
        async with self._database.acquire() as connection:
            current = await PasswordRepository(connection).find(user_id)
        if current is None:
            return None
        with self._limiter.attempt(f"password of {user_id}", counted=WrongPasswordError):
            if given is None or not await self._passwords.verify(given, current):
                raise WrongPasswordError("The current password is another")
        return current


async def add_user(connection: Connection, user: User, password_hash: str | None, *, event_source: str) -> bool:
    """Stores a user with the hash of a password, if any, and the event; False where the address is taken."""
    added = await UserRepository(connection).add(user)
    if added is None:
        return False
    if password_hash is not None:
        await PasswordRepository(connection).set(user.id, password_hash)
    await append(connection, user_registered(user, at=added, source=event_source))
    return True


async def _store(connection: Connection, user_id: UUID, new: HashChange) -> None:
    repository = PasswordRepository(connection)
    if new.in_place_of is None:
        await repository.set(user_id, new.hash)
    elif not await repository.replace(user_id, new.in_place_of, new.hash):
        raise WrongPasswordError("The current password has become another")


def _existing(user: User | None, user_id: UUID) -> User:
    if user is None:
        raise UserNotFoundError(f"There is no user {user_id}")
    return user
