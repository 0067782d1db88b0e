"""What endpoints depend on: the only reader of the request's state.

Each is `async def`: FastAPI runs a plain function in a thread, which costs more than most requests.
"""

from typing import Annotated

from fastapi import Depends, Request

from app.services.users import UserService


async def get_user_service(request: Request) -> UserService:
    """The user service of this application."""
    service: UserService = request.state.user_service
    return service


Users = Annotated[UserService, Depends(get_user_service)]
