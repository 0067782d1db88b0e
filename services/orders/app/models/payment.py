"""What came for an order from whoever takes the money."""

from dataclasses import dataclass
from enum import StrEnum


class RefundReason(StrEnum):
    """Why a payment does not pay its order and has to go back."""

    WRONG_AMOUNT = "wrong_amount"
    WRONG_CURRENCY = "wrong_currency"
    ALREADY_PAID = "already_paid"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_REJECTED = "order_rejected"
    UNKNOWN_ORDER = "unknown_order"


@dataclass(frozen=True)
class Payment:
    """A completed payment: kept for its order, or to be refunded where there is a reason.

    `amount` counts minor units of the currency. Whoever takes the money chooses the id.
    """

    id: str
    amount: int
    currency: str
    refund_reason: RefundReason | None = None
