"""What events do here. Each model holds what is used of an event, and ignores the rest."""

from collections.abc import Mapping
from functools import partial

from fleetkit.events.inbox import EventHandler

from app.events.consumed import inventory, payments, users
from app.services.progress import OrderProgress


def event_handlers(progress: OrderProgress) -> Mapping[str, EventHandler]:
    """What is done with each event that orders listens to, by type."""
    return {
        users.USER_REGISTERED: users.remember_user,
        users.USER_UPDATED: users.remember_user,
        users.USER_DELETED: users.forget_user,
        inventory.INVENTORY_RESERVED: partial(inventory.confirm_order, progress),
        inventory.INVENTORY_REJECTED: partial(inventory.reject_order, progress),
        payments.PAYMENT_COMPLETED: partial(payments.pay_order, progress),
    }
