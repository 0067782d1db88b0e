"""Events of whoever takes the money."""

from typing import Annotated
from uuid import UUID

from fleetkit.database import Connection
from fleetkit.events.cloudevents import CloudEvent
from pydantic import BaseModel, Field, StrictInt

from app.models.payment import Payment
from app.services.progress import OrderProgress

PAYMENT_COMPLETED = "payment.completed"
_MAX_BIGINT = 2**63 - 1


class PaymentCompleted(BaseModel):
    """`amount` is in minor units of the currency."""

    order_id: UUID
    payment_id: Annotated[str, Field(min_length=1, max_length=255)]
    amount: Annotated[StrictInt, Field(ge=0, le=_MAX_BIGINT)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]


async def pay_order(progress: OrderProgress, connection: Connection, event: CloudEvent) -> None:
    """Fulfils the order once it is confirmed, or asks for the money to go back."""
    completed = event.data_as(PaymentCompleted)
    payment = Payment(completed.payment_id, completed.amount, completed.currency)
    await progress.pay(connection, completed.order_id, payment)
