"""The reference services through the clients that are generated from their OpenAPI documents."""

from uuid import uuid4

import orders_client
import users_client
from orders_client.api.orders import create_order, get_order
from orders_client.models.item import Item
from orders_client.models.order_create import OrderCreate
from orders_client.models.order_created import OrderCreated
from orders_client.models.order_read import OrderRead
from users_client.api.tokens import create_token
from users_client.api.users import create_user, get_own_user
from users_client.models.token import Token
from users_client.models.token_request import TokenRequest
from users_client.models.token_request_grant_type import TokenRequestGrantType
from users_client.models.user_create import UserCreate
from users_client.models.user_read import UserRead

USERS_URL = "http://localhost:8001"
ORDERS_URL = "http://localhost:8002"
PASSWORD = "correct horse battery staple"


def log_in_newcomer() -> str:
    email = f"ada-{uuid4().hex}@example.com"
    with users_client.Client(USERS_URL) as stranger:
        create_user.sync(client=stranger, body=UserCreate(email=email, name="Ada", password=PASSWORD))
        form = TokenRequest(grant_type=TokenRequestGrantType.PASSWORD, username=email, password=PASSWORD)
        token = create_token.sync(client=stranger, body=form)
    assert isinstance(token, Token)
    return token.access_token


def test_an_order_shows_its_user() -> None:
    token = log_in_newcomer()
    body = OrderCreate(currency="EUR", items=[Item(quantity=2, sku="keyboard", unit_price=4900)])
    with users_client.AuthenticatedClient(USERS_URL, token) as users:
        me = get_own_user.sync(client=users)
    with orders_client.AuthenticatedClient(ORDERS_URL, token) as orders:
        order = create_order.sync(client=orders, body=body)
        assert isinstance(order, OrderCreated)
        read = get_order.sync(order.id, client=orders)
    assert isinstance(me, UserRead)
    assert isinstance(read, OrderRead)
    assert read.user is not None
    assert (read.user.id, read.total, read.degraded) == (me.id, 9800, False)
