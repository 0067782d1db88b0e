"""Endpoints of users."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter
from fleetkit.problems import problem_responses

from app.dependencies import Users
from app.models.user import User
from app.schemas.users import UserCreate, UserCreated, UserRead
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


@router.get("/{user_id}", response_model=UserRead, responses=problem_responses(UserNotFoundError))
async def get_user(user_id: UUID, users: Users) -> User:
    """Answers with one user."""
    return await users.get(user_id)
