"""Endpoints of users."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fleetkit.auth.dependencies import AUTH_RESPONSES, TOKEN_IS_OPTIONAL, OptionalPrincipal
from fleetkit.pages import MAX_LIMIT, Page, RequestedPage
from fleetkit.problems import TooManyRequestsError, problem_responses

from app.dependencies import AccessToUsers, AdminOrService, Users
from app.models.credentials import PasswordChange
from app.models.user import Role, User, UserChange
from app.schemas.users import UserCreate, UserCreated, UserPage, UserRead, UserUpdate
from app.services.users import EmailTakenError, UserNotFoundError

router = APIRouter(prefix="/users", tags=["users"], responses=AUTH_RESPONSES)


# First, because it is asked for most and routes are tried one after the other.
@router.get("/{user_id:uuid}", response_model=UserRead, responses=problem_responses(UserNotFoundError))
async def get_user(user_id: UUID, users: AccessToUsers) -> User:
    """Answers with one user; for the user, admins and services."""
    return await users.get(user_id)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=UserCreated,
    responses=problem_responses(EmailTakenError),
    openapi_extra=TOKEN_IS_OPTIONAL,
)
async def create_user(body: UserCreate, users: Users, principal: OptionalPrincipal) -> User:
    """Registers a user. Anybody may, without a token too; only an admin makes an admin."""
    return await users.register(email=body.email, name=body.name, role=body.role, password=body.password, by=principal)


@router.get("", response_model=UserPage)
async def list_users(
    page: RequestedPage,
    users: Users,
    _principal: AdminOrService,
    role: Annotated[Role | None, Query(description="Only users with this role")] = None,
    ids: Annotated[list[UUID] | None, Query(max_length=MAX_LIMIT, description="Only these users")] = None,
) -> Page[User]:
    """Lists users in the order of registration, one page at a time; for admins and services."""
    return await users.page(page, role=role, ids=ids)


@router.get("/me", response_model=UserRead, responses=problem_responses(UserNotFoundError))
async def get_own_user(users: AccessToUsers) -> User:
    """Answers with the user whose token it is."""
    return await users.own()


@router.patch(
    "/{user_id:uuid}",
    response_model=UserRead,
    responses=problem_responses(UserNotFoundError, EmailTakenError, TooManyRequestsError),
)
async def update_user(user_id: UUID, body: UserUpdate, users: AccessToUsers) -> User:
    """Changes what is given of a user; for the user and admins."""
    change = UserChange(email=body.get("email"), name=body.get("name"), role=body.get("role"))
    password = body.get("password")
    return await users.change(
        user_id,
        change,
        password=None if password is None else PasswordChange(password, body.get("current_password")),
    )


@router.delete("/{user_id:uuid}", status_code=HTTPStatus.NO_CONTENT, responses=problem_responses(UserNotFoundError))
async def delete_user(user_id: UUID, users: AccessToUsers) -> None:
    """Deletes a user; for the user and admins."""
    await users.delete(user_id)
