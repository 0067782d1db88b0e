"""What endpoints depend on: the only reader of the request's state.

Each is `async def`: FastAPI runs a plain function in a thread, which costs more than most requests.
"""

from typing import Annotated

from fastapi import Depends, Request

from app.services.orders import OrderService
from app.services.user_directory import UserDirectory


async def get_order_service(request: Request) -> OrderService:
    """The order service of this application."""
    service: OrderService = request.state.order_service
    return service


async def get_user_directory(request: Request) -> UserDirectory:
    """The user directory of this application."""
    directory: UserDirectory = request.state.user_directory
    return directory


Orders = Annotated[OrderService, Depends(get_order_service)]
Users = Annotated[UserDirectory, Depends(get_user_directory)]
