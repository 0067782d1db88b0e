"""Whatever happens to an order, in any order and any number of times, its books are balanced."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from app.models.order import TRANSITIONS, ImpossibleTransitionError, Order, OrderItem, OrderStatus
from app.models.payment import Payment, RefundReason
from app.models.purchase import PaymentReceived, PaymentReturned, Purchase, Rejection, StatusReached, Step
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

ORDER = Order(
    id=UUID(int=1),
    user_id=UUID(int=2),
    status=OrderStatus.PENDING,
    currency="EUR",
    items=(OrderItem("keyboard", 2, 4900),),
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)
RIGHT = Payment("payment-1", 9800, "EUR")
SECOND = Payment("payment-2", 9800, "EUR")
REJECTION = Rejection("insufficient_stock", ("keyboard",))
PAYMENTS = [RIGHT, SECOND, Payment("payment-3", 9799, "EUR"), Payment("payment-4", 9800, "USD")]
ENDS = {OrderStatus.FULFILLED, OrderStatus.REJECTED, OrderStatus.CANCELLED}


def done(purchase: Purchase, steps: tuple[Step, ...]) -> Purchase:
    for step in steps:
        purchase = purchase.after(step)
    return purchase


class PurchaseMachine(RuleBasedStateMachine):
    """One order, to which everything happens that events and its user can bring about."""

    def __init__(self) -> None:
        super().__init__()
        self.purchase = Purchase(ORDER)
        self.statuses = [OrderStatus.PENDING]
        self.refunds: list[Payment] = []
        self.received: set[str] = set()

    def take(self, steps: tuple[Step, ...]) -> None:
        self.purchase = done(self.purchase, steps)
        for step in steps:
            match step:
                case StatusReached(status):
                    self.statuses.append(status)
                case PaymentReceived(payment) | PaymentReturned(payment) if payment.refund_reason:
                    self.refunds.append(payment)

    @rule()
    def inventory_reserves(self) -> None:
        self.take(self.purchase.confirm())

    @rule()
    def inventory_rejects(self) -> None:
        self.take(self.purchase.reject(REJECTION))

    @rule(payment=st.sampled_from(PAYMENTS))
    def money_comes(self, payment: Payment) -> None:
        self.received.add(payment.id)
        self.take(self.purchase.pay(payment))

    @precondition(lambda self: OrderStatus.CANCELLED in TRANSITIONS[self.purchase.order.status])
    @rule()
    def user_cancels(self) -> None:
        self.take(self.purchase.cancel())

    @precondition(lambda self: OrderStatus.CANCELLED not in TRANSITIONS[self.purchase.order.status])
    @rule()
    def user_cancels_too_late(self) -> None:
        with pytest.raises(ImpossibleTransitionError):
            self.purchase.cancel()

    @invariant()
    def has_one_end_at_most(self) -> None:
        assert len(ENDS & set(self.statuses)) <= 1

    @invariant()
    def each_change_of_status_is_told_once(self) -> None:
        assert self.statuses[-1] is self.purchase.order.status
        assert len(set(self.statuses)) == len(self.statuses)
        assert all(to in TRANSITIONS[status] for status, to in pairwise(self.statuses))

    @invariant()
    def each_payment_is_kept_or_given_back_once(self) -> None:
        kept = [payment.id for payment in self.purchase.payments if payment.refund_reason is None]
        assert len(kept) <= 1
        assert sorted([*kept, *(payment.id for payment in self.refunds)]) == sorted(self.received)

    @invariant()
    def what_is_kept_waits_for_the_reservation_or_is_fulfilled(self) -> None:
        kept = self.purchase.kept
        if self.purchase.order.status is OrderStatus.FULFILLED:
            assert kept is not None
            assert (kept.amount, kept.currency) == (ORDER.total, ORDER.currency)
        elif kept is not None:
            assert self.purchase.order.status is OrderStatus.PENDING


TestPurchase: Any = PurchaseMachine.TestCase


def test_a_payment_that_comes_before_the_reservation_is_remembered() -> None:
    early = done(Purchase(ORDER), Purchase(ORDER).pay(RIGHT))
    assert early.order.status is OrderStatus.PENDING
    reached = [step.status for step in early.confirm() if isinstance(step, StatusReached)]
    assert reached == [OrderStatus.CONFIRMED, OrderStatus.PAID, OrderStatus.FULFILLED]


@pytest.mark.parametrize(
    ("before", "payment", "reason"),
    [
        (("confirm",), Payment("p", 9799, "EUR"), RefundReason.WRONG_AMOUNT),
        (("confirm",), Payment("p", 9800, "USD"), RefundReason.WRONG_CURRENCY),
        ((), Payment("p", 1, "EUR"), RefundReason.WRONG_AMOUNT),
        (("cancel",), RIGHT, RefundReason.ORDER_CANCELLED),
        (("reject",), RIGHT, RefundReason.ORDER_REJECTED),
        (("pay",), SECOND, RefundReason.ALREADY_PAID),
        (("confirm", "pay"), SECOND, RefundReason.ALREADY_PAID),
    ],
)
def test_says_why_a_payment_goes_back(before: tuple[str, ...], payment: Payment, reason: RefundReason) -> None:
    purchase = Purchase(ORDER)
    for name in before:
        args: dict[str, tuple[object, ...]] = {"reject": (REJECTION,), "pay": (RIGHT,)}
        purchase = done(purchase, getattr(purchase, name)(*args.get(name, ())))
    (step,) = purchase.pay(payment)
    assert isinstance(step, PaymentReceived)
    assert step.payment.refund_reason is reason


@pytest.mark.parametrize(
    ("steps", "reason"),
    [("cancel", RefundReason.ORDER_CANCELLED), ("reject", RefundReason.ORDER_REJECTED)],
)
def test_what_was_paid_early_goes_back_where_the_order_comes_to_nothing(steps: str, reason: RefundReason) -> None:
    paid = done(Purchase(ORDER), Purchase(ORDER).pay(RIGHT))
    _, returned = paid.cancel() if steps == "cancel" else paid.reject(REJECTION)
    assert isinstance(returned, PaymentReturned)
    assert (returned.payment.id, returned.payment.refund_reason) == (RIGHT.id, reason)
