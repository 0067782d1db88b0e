"""What endpoints depend on: the only reader of the request's state.

Each is `async def`: FastAPI runs a plain function in a thread, which costs more than most requests.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request
from fleetkit.auth.dependencies import BearerToken
from fleetkit.auth.principal import ADMIN, MEMBER, Principal
from fleetkit.problems import ForbiddenError

from app.services.orders import OrderService
from app.services.pretended_payments import PretendedPayments
from app.services.user_directory import UserDirectory

# Services have tokens too, and no orders.
User = Annotated[Principal, Depends(BearerToken(MEMBER, ADMIN))]


async def get_order_service(request: Request) -> OrderService:
    """The order service of this application."""
    service: OrderService = request.state.order_service
    return service


async def get_pretended_payments(request: Request) -> PretendedPayments:
    """What stands in for whoever takes the money."""
    payments: PretendedPayments = request.state.pretended_payments
    return payments


async def get_user_directory(request: Request) -> UserDirectory:
    """The user directory of this application."""
    directory: UserDirectory = request.state.user_directory
    return directory


async def visible_owner(user: User) -> UUID | None:
    """Whose orders the user sees: None where those of all.

    Raises:
        ForbiddenError: the token is nobody's who could have orders.
    """
    return None if user.has_any(ADMIN) else _own_id(user)


async def listed_owner(
    user: User,
    visible: Annotated[UUID | None, Depends(visible_owner)],
    user_id: Annotated[UUID | None, Query(description="Only orders of this user")] = None,
) -> UUID | None:
    """Whose orders are asked for, as far as the user may see them: None where those of all.

    Raises:
        ForbiddenError: they are somebody else's.
    """
    if user_id is None:
        return visible
    user.require_self_or(user_id, ADMIN)
    return user_id


def owner_of_new_order(user: Principal, wanted: UUID | None) -> UUID:
    """For whom the user orders: an administrator for anybody, others for themselves.

    Raises:
        ForbiddenError: it is for somebody else, or nobody is named by a token that is nobody's.
    """
    if wanted is None:
        return _own_id(user)
    user.require_self_or(wanted, ADMIN)
    return wanted


def _own_id(user: Principal) -> UUID:
    if user.user_id is None:
        raise ForbiddenError("This token is of nobody who has orders")
    return user.user_id


Orders = Annotated[OrderService, Depends(get_order_service)]
Users = Annotated[UserDirectory, Depends(get_user_directory)]
PretendedMoney = Annotated[PretendedPayments, Depends(get_pretended_payments)]
VisibleOwner = Annotated[UUID | None, Depends(visible_owner)]
ListedOwner = Annotated[UUID | None, Depends(listed_owner)]
