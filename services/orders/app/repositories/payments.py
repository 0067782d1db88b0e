"""SQL of payments."""

from datetime import datetime
from uuid import UUID

from fleetkit.database import Connection, Row

from app.models.payment import Payment, RefundReason

_SELECT = "SELECT id, amount, currency, refund_reason FROM payments WHERE order_id = $1"
_INSERT = """
INSERT INTO payments (id, order_id, amount, currency, refund_reason) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO NOTHING RETURNING updated_at
"""
_RETURN = """
UPDATE payments SET refund_reason = $2,
    updated_at = greatest(clock_timestamp(), updated_at + interval '1 microsecond')
WHERE id = $1 RETURNING updated_at
"""


class PaymentRepository:
    """Reads and writes payments on the connection of the use case."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of_order(self, order_id: UUID) -> tuple[Payment, ...]:
        """All payments that came for an order; locking the order keeps others from adding to them."""
        return tuple(_payment(row) for row in await self._connection.fetch(_SELECT, order_id))

    async def add(self, order_id: UUID, payment: Payment) -> datetime | None:
        """Stores a new payment and returns when; None where there is one with this id, of whichever order."""
        added: datetime | None = await self._connection.fetchval(
            _INSERT, payment.id, order_id, payment.amount, payment.currency, payment.refund_reason
        )
        return added

    async def give_back(self, payment: Payment) -> datetime:
        """Stores why a payment that was kept goes back, and returns when."""
        returned: datetime = await self._connection.fetchval(_RETURN, payment.id, payment.refund_reason)
        return returned


def _payment(row: Row) -> Payment:
    reason = row["refund_reason"]
    return Payment(row["id"], row["amount"], row["currency"], RefundReason(reason) if reason else None)
