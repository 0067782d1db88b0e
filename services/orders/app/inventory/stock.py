"""What stock is, and when it is enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ReservationStatus(StrEnum):
    """What became of an order's items; a cancellation that came before the order is RELEASED from the beginning."""

    RESERVED = "reserved"
    REJECTED = "rejected"
    RELEASED = "released"


@dataclass(frozen=True)
class Stock:
    """How many pieces of a SKU can still be reserved."""

    sku: str
    available: int


def missing_skus(wanted: Mapping[str, int], stock: Mapping[str, int]) -> tuple[str, ...]:
    """The SKUs of which less is available than wanted, sorted; one without stock is not limited."""
    return tuple(sorted(sku for sku, quantity in wanted.items() if sku in stock and stock[sku] < quantity))
