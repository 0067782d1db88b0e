"""What endpoints depend on: the only reader of the request's state."""

from typing import Annotated

from fastapi import Depends, Request

from app.services.users import UserService


def get_user_service(request: Request) -> UserService:
    """The user service of this application."""
    service: UserService = request.state.user_service
    return service


Users = Annotated[UserService, Depends(get_user_service)]
