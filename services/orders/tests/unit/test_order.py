from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from app.models.order import TRANSITIONS, ImpossibleTransitionError, Order, OrderItem, OrderStatus
from hypothesis import given
from hypothesis import strategies as st

PLACED = Order(
    id=UUID(int=1),
    user_id=UUID(int=2),
    status=OrderStatus.PENDING,
    currency="EUR",
    items=(OrderItem("keyboard", 2, 4900), OrderItem("sticker", 3, 0)),
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)
FINAL = {OrderStatus.FULFILLED, OrderStatus.REJECTED, OrderStatus.CANCELLED}


def history_of(wishes: Sequence[OrderStatus]) -> list[Order]:
    """What becomes of an order that is to get one status after another, as far as it can."""
    history = [PLACED]
    for wish in wishes:
        try:
            history.append(history[-1].become(wish))
        except ImpossibleTransitionError:
            continue
    return history


@given(wishes=st.lists(st.sampled_from(OrderStatus)))
def test_no_order_comes_back_to_a_status_that_it_had(wishes: list[OrderStatus]) -> None:
    statuses = [order.status for order in history_of(wishes)]
    assert len(set(statuses)) == len(statuses)


@given(wishes=st.lists(st.sampled_from(OrderStatus)))
def test_nothing_follows_a_final_status(wishes: list[OrderStatus]) -> None:
    assert not {order.status for order in history_of(wishes)[:-1]} & FINAL


@given(wishes=st.lists(st.sampled_from(OrderStatus)))
def test_a_status_changes_nothing_else_of_an_order(wishes: list[OrderStatus]) -> None:
    assert {(order.id, order.user_id, order.items, order.total) for order in history_of(wishes)} == {
        (PLACED.id, PLACED.user_id, PLACED.items, 9800)
    }


@given(wishes=st.lists(st.sampled_from(OrderStatus)))
def test_only_what_was_paid_is_fulfilled(wishes: list[OrderStatus]) -> None:
    statuses = [order.status for order in history_of(wishes)]
    if OrderStatus.FULFILLED in statuses:
        assert statuses == [OrderStatus.PENDING, OrderStatus.CONFIRMED, OrderStatus.PAID, OrderStatus.FULFILLED]


@pytest.mark.parametrize("status", OrderStatus)
def test_every_status_can_be_reached(status: OrderStatus) -> None:
    wishes = [OrderStatus.CONFIRMED, OrderStatus.PAID, OrderStatus.FULFILLED]
    ways = [wishes, [OrderStatus.REJECTED], [OrderStatus.CANCELLED]]
    assert status in {order.status for way in ways for order in history_of(way)}


def test_each_status_is_followed_by_these() -> None:
    followed = {status.value: {to.value for to in TRANSITIONS[status]} for status in OrderStatus}
    assert followed == {
        "pending": {"confirmed", "rejected", "cancelled"},
        "confirmed": {"paid", "cancelled"},
        "paid": {"fulfilled"},
        "fulfilled": set(),
        "rejected": set(),
        "cancelled": set(),
    }


def test_says_what_was_impossible() -> None:
    cancelled = PLACED.become(OrderStatus.CANCELLED)
    with pytest.raises(ImpossibleTransitionError, match="is cancelled cannot become cancelled"):
        cancelled.become(OrderStatus.CANCELLED)
