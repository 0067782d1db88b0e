"""What stands in for other parties while developing; mounted only where the settings ask for it."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter
from fleetkit.auth.dependencies import AUTH_RESPONSES
from fleetkit.problems import problem_responses

from app.dependencies import PretendedMoney, VisibleOwner
from app.models.payment import Payment
from app.schemas.orders import PaymentPretended
from app.services.orders import OrderNotFoundError

router = APIRouter(prefix="/orders", tags=["development"], responses=AUTH_RESPONSES)


@router.post(
    "/{order_id}/payment",
    status_code=HTTPStatus.ACCEPTED,
    response_model=PaymentPretended,
    responses=problem_responses(OrderNotFoundError),
)
async def pay_order(order_id: UUID, owner: VisibleOwner, money: PretendedMoney) -> Payment:
    """Tells that an order was paid, in whatever state it is; what comes of that is shown by the order later."""
    return await money.pay(order_id, owner=owner)
