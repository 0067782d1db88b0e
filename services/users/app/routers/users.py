"""Endpoints of users."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fleetkit.pages import MAX_LIMIT, Page, RequestedPage
from fleetkit.problems import problem_responses

from app.dependencies import Users
from app.models.user import Role, User, UserChange
from app.schemas.users import UserCreate, UserCreated, UserPage, UserRead, UserUpdate
from app.services.users import EmailTakenError, UserNotFoundError

router = APIRouter(prefix="/users", tags=["users"])


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=UserCreated,
    responses=problem_responses(EmailTakenError),
)
async def create_user(body: UserCreate, users: Users) -> User:
    """Registers a user."""
    return await users.register(email=body.email, name=body.name, role=body.role)


@router.get("", response_model=UserPage)
async def list_users(
    page: RequestedPage,
    users: Users,
    role: Annotated[Role | None, Query(description="Only users with this role")] = None,
    ids: Annotated[list[UUID] | None, Query(max_length=MAX_LIMIT, description="Only these users")] = None,
) -> Page[User]:
    """Lists users in the order of registration, one page at a time."""
    return await users.page(page, role=role, ids=ids)


@router.get("/{user_id}", response_model=UserRead, responses=problem_responses(UserNotFoundError))
async def get_user(user_id: UUID, users: Users) -> User:
    """Answers with one user."""
    return await users.get(user_id)


@router.patch("/{user_id}", response_model=UserRead, responses=problem_responses(UserNotFoundError, EmailTakenError))
async def update_user(user_id: UUID, body: UserUpdate, users: Users) -> User:
    """Changes what is given of a user."""
    return await users.change(user_id, UserChange(**body))


@router.delete("/{user_id}", status_code=HTTPStatus.NO_CONTENT, responses=problem_responses(UserNotFoundError))
async def delete_user(user_id: UUID, users: Users) -> None:
    """Deletes a user."""
    await users.delete(user_id)
