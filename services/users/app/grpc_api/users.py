"""The users service's answers over gRPC: the same rules as over HTTP, another way in."""

from collections.abc import Sequence
from uuid import UUID

import grpc.aio
from fleetkit.grpc.calls import Context, InvalidArgumentError
from fleetkit.grpc.server import GrpcService
from fleetkit.pages import MAX_LIMIT, PageRequest

from app.grpc_api.generated.users.v1 import users_pb2, users_pb2_grpc
from app.models.user import User
from app.services.users import UserService


class UserCalls(users_pb2_grpc.UserServiceServicer):
    """Answers `users.v1.UserService`. Errors become statuses around it."""

    def __init__(self, users: UserService) -> None:
        self._users = users

    async def GetUser(  # noqa: N802 - the contract's name
        self, request: users_pb2.GetUserRequest, _context: Context
    ) -> users_pb2.GetUserResponse:
        """One user."""
        return users_pb2.GetUserResponse(user=_message(await self._users.get(_user_id(request.user_id))))

    async def BatchGetUsers(  # noqa: N802 - the contract's name
        self, request: users_pb2.BatchGetUsersRequest, _context: Context
    ) -> users_pb2.BatchGetUsersResponse:
        """Up to a hundred users."""
        found = await self._users.page(PageRequest(after=None, limit=MAX_LIMIT), role=None, ids=_ids(request))
        return users_pb2.BatchGetUsersResponse(users=map(_message, found.items))


def user_calls(users: UserService) -> GrpcService:
    """What a server needs to answer for users."""
    name = users_pb2.DESCRIPTOR.services_by_name["UserService"].full_name

    def add_to(server: grpc.aio.Server) -> None:
        users_pb2_grpc.add_UserServiceServicer_to_server(UserCalls(users), server)

    return GrpcService(name, add_to)


def _ids(request: users_pb2.BatchGetUsersRequest) -> Sequence[UUID]:
    if len(request.user_ids) > MAX_LIMIT:
        raise InvalidArgumentError(f"No more than {MAX_LIMIT} users can be asked for at once")
    return [_user_id(user_id) for user_id in request.user_ids]


def _user_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidArgumentError("A user's id is a UUID") from None


def _message(user: User) -> users_pb2.User:
    return users_pb2.User(id=str(user.id), email=user.email, name=user.name, role=user.role.value)
