"""Endpoints of orders."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter
from fleetkit.problems import problem_responses

from app.dependencies import Orders, Users
from app.models.order import Order, OrderItem
from app.schemas.orders import EmbeddedUser, OrderCreate, OrderCreated, OrderRead
from app.services.orders import OrderNotFoundError

router = APIRouter(prefix="/orders", tags=["orders"])


@router.post("", status_code=HTTPStatus.CREATED, response_model=OrderCreated)
async def create_order(body: OrderCreate, orders: Orders) -> Order:
    """Places an order. It is accepted whether or not the users service answers."""
    items = [OrderItem(item.sku, item.quantity, item.unit_price) for item in body.items]
    return await orders.place(user_id=body.user_id, currency=body.currency, items=items)


@router.get("/{order_id}", responses=problem_responses(OrderNotFoundError))
async def get_order(order_id: UUID, orders: Orders, users: Users) -> OrderRead:
    """Answers with one order and its user."""
    order = await orders.get(order_id)
    embedded = await users.find(order.user_id)
    return OrderRead(
        **OrderCreated.model_validate(order).model_dump(),
        user=EmbeddedUser.model_validate(embedded.user) if embedded.user else None,
        degraded=embedded.degraded,
    )
