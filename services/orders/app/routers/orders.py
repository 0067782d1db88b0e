"""Endpoints of orders."""

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter
from fleetkit.auth.dependencies import AUTH_RESPONSES
from fleetkit.idempotency import IdempotencyKey, KeyReusedError, RequestInFlightError
from fleetkit.pages import RequestedPage
from fleetkit.problems import problem_responses

from app.dependencies import ListedOwner, Orders, User, Users, VisibleOwner, owner_of_new_order
from app.models.order import Order, OrderItem, OrderRequest
from app.models.user import EmbeddedUser as FoundUser
from app.schemas.orders import EmbeddedUser, OrderCancelled, OrderCreate, OrderCreated, OrderPage, OrderRead
from app.services.orders import OrderNotCancellableError, OrderNotFoundError

router = APIRouter(prefix="/orders", tags=["orders"], responses=AUTH_RESPONSES)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=OrderCreated,
    responses=problem_responses(RequestInFlightError, KeyReusedError),
)
async def create_order(body: OrderCreate, user: User, orders: Orders, idempotency_key: IdempotencyKey = None) -> Order:
    """Places an order. It is accepted whether or not the users service answers."""
    items = tuple(OrderItem(item.sku, item.quantity, item.unit_price) for item in body.items)
    request = OrderRequest(owner_of_new_order(user, body.user_id), body.currency, items)
    if idempotency_key is None:
        return await orders.place(request)
    return await orders.place_once(request, subject=user.subject, key=idempotency_key)


@router.get("")
async def list_orders(page: RequestedPage, owner: ListedOwner, orders: Orders, users: Users) -> OrderPage:
    """Lists own orders, an administrator's list those of all, with their users, newest first, one page at a time."""
    found = await orders.page(page, user_id=owner)
    embedded = await users.find_all({order.user_id for order in found.items})
    items = [_shown(order, embedded[order.user_id]) for order in found.items]
    return OrderPage(items=items, next_cursor=found.next_cursor)


@router.get("/{order_id}", responses=problem_responses(OrderNotFoundError))
async def get_order(order_id: UUID, owner: VisibleOwner, orders: Orders, users: Users) -> OrderRead:
    """Answers with one order and its user."""
    order = await orders.get(order_id, owner=owner)
    return _shown(order, await users.find(order.user_id))


@router.post(
    "/{order_id}/cancel",
    response_model=OrderCancelled,
    responses=problem_responses(OrderNotFoundError, OrderNotCancellableError),
)
async def cancel_order(order_id: UUID, owner: VisibleOwner, orders: Orders) -> Order:
    """Cancels an order that is not paid yet."""
    return await orders.cancel(order_id, owner=owner)


def _shown(order: Order, embedded: FoundUser) -> OrderRead:
    return OrderRead(
        **OrderCreated.model_validate(order).model_dump(),
        user=EmbeddedUser.model_validate(embedded.user) if embedded.user else None,
        degraded=embedded.degraded,
    )
