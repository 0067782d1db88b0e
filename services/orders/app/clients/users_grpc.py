"""The users service over gRPC."""

from collections.abc import Collection
from uuid import UUID

import grpc
from fleetkit.upstream.calls import Upstream
from fleetkit.upstream.credentials import Credentials
from fleetkit.upstream.errors import UpstreamUnavailableError
from fleetkit.upstream.grpc import CallRefusedError, GrpcServiceClient

from app.clients.generated.users.v1 import users_pb2
from app.clients.generated.users.v1.users_pb2_grpc import UserServiceStub
from app.models.user import UserSummary


class GrpcUserClient(GrpcServiceClient):
    """Asks users by `users.v1.UserService`."""

    def __init__(self, target: str, upstream: Upstream, *, credentials: Credentials) -> None:
        super().__init__(target, upstream, credentials=credentials)
        self._stub = UserServiceStub(self.channel)

    async def get_user(self, user_id: UUID) -> UserSummary | None:
        """The user, None where there is none.

        Raises:
            UpstreamUnavailableError: no usable answer within the deadline.
        """
        request = users_pb2.GetUserRequest(user_id=str(user_id))
        try:
            answer = await self.invoke(self._stub.GetUser, request, idempotent=True)
        except CallRefusedError as error:
            if error.code is grpc.StatusCode.NOT_FOUND:
                return None
            raise UpstreamUnavailableError(f"users answered {error}") from error
        return _summary(answer.user)

    async def get_users(self, user_ids: Collection[UUID]) -> dict[UUID, UserSummary]:
        """Those of the users that exist, by id, in one call for up to a hundred.

        Raises:
            UpstreamUnavailableError: no usable answer within the deadline.
        """
        request = users_pb2.BatchGetUsersRequest(user_ids=map(str, user_ids))
        try:
            answer = await self.invoke(self._stub.BatchGetUsers, request, idempotent=True)
        except CallRefusedError as error:
            raise UpstreamUnavailableError(f"users answered {error}") from error
        return {user.id: user for user in map(_summary, answer.users)}


def _summary(user: users_pb2.User) -> UserSummary:
    try:
        return UserSummary(UUID(user.id), user.email, user.name, user.role)
    except ValueError as error:
        raise UpstreamUnavailableError("users answered something that is no user") from error
