"""What an order comes to by reservation, payment and cancellation, in whatever order and however often they are told.

Deciding is apart from storing: `Purchase` answers what happened with steps, and each step makes the next `Purchase`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self, TypeAlias

from app.models.order import Order, OrderStatus
from app.models.payment import Payment, RefundReason


@dataclass(frozen=True)
class Rejection:
    """Why the items cannot be had, and which of them."""

    reason: str
    missing: tuple[str, ...]


@dataclass(frozen=True)
class StatusReached:
    """The order gets a status; a rejected one because of something."""

    status: OrderStatus
    rejection: Rejection | None = None


@dataclass(frozen=True)
class PaymentReceived:
    """A payment came: it is kept, or goes back at once where it has a reason for that."""

    payment: Payment


@dataclass(frozen=True)
class PaymentReturned:
    """The payment that was kept goes back, for the reason that it has now."""

    payment: Payment


Step: TypeAlias = StatusReached | PaymentReceived | PaymentReturned

_SETTLEMENT = (StatusReached(OrderStatus.PAID), StatusReached(OrderStatus.FULFILLED))
_CLOSED: Mapping[OrderStatus, RefundReason] = {
    OrderStatus.CANCELLED: RefundReason.ORDER_CANCELLED,
    OrderStatus.REJECTED: RefundReason.ORDER_REJECTED,
}


@dataclass(frozen=True)
class Purchase:
    """An order and all payments that came for it, of which it keeps one at most."""

    order: Order
    payments: tuple[Payment, ...] = ()

    @property
    def kept(self) -> Payment | None:
        """The payment that pays the order, None while there is none."""
        return next((payment for payment in self.payments if payment.refund_reason is None), None)

    def confirm(self) -> tuple[Step, ...]:
        """The items are reserved: a payment that came before goes on with the order."""
        if self.order.status is not OrderStatus.PENDING:
            return ()
        return (StatusReached(OrderStatus.CONFIRMED), *(_SETTLEMENT if self.kept else ()))

    def reject(self, rejection: Rejection) -> tuple[Step, ...]:
        """The items cannot be had: a payment that came before goes back."""
        if self.order.status is not OrderStatus.PENDING:
            return ()
        return (StatusReached(OrderStatus.REJECTED, rejection), *self._refund(RefundReason.ORDER_REJECTED))

    def cancel(self) -> tuple[Step, ...]:
        """The order is not wanted any more: a payment that came before goes back.

        Raises:
            ImpossibleTransitionError: it is too late.
        """
        self.order.become(OrderStatus.CANCELLED)
        return (StatusReached(OrderStatus.CANCELLED), *self._refund(RefundReason.ORDER_CANCELLED))

    def pay(self, payment: Payment) -> tuple[Step, ...]:
        """A payment is complete: it waits for the reservation, pays the order, or goes back."""
        if any(known.id == payment.id for known in self.payments):
            return ()
        received = replace(payment, refund_reason=self._refusal(payment))
        is_awaited = self.order.status is OrderStatus.CONFIRMED and received.refund_reason is None
        return (PaymentReceived(received), *(_SETTLEMENT if is_awaited else ()))

    def after(self, step: Step) -> Self:
        """What a step makes of the purchase.

        Raises:
            ImpossibleTransitionError: the step was decided for another.
        """
        match step:
            case StatusReached(status):
                return replace(self, order=self.order.become(status))
            case PaymentReceived(payment) | PaymentReturned(payment):
                others = (known for known in self.payments if known.id != payment.id)
                return replace(self, payments=(*others, payment))

    def _refund(self, reason: RefundReason) -> tuple[Step, ...]:
        return (PaymentReturned(replace(self.kept, refund_reason=reason)),) if self.kept else ()

    def _refusal(self, payment: Payment) -> RefundReason | None:
        if self.order.status in _CLOSED:
            return _CLOSED[self.order.status]
        if self.kept is not None:
            return RefundReason.ALREADY_PAID
        if payment.currency != self.order.currency:
            return RefundReason.WRONG_CURRENCY
        return RefundReason.WRONG_AMOUNT if payment.amount != self.order.total else None
