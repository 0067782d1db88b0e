"""Lengths of time as specs write them."""

from datetime import timedelta
from typing import Final

_UNITS: Final = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}


def span_of(text: str) -> timedelta:
    """`text`: a number and its unit, such as 90s, 10m, 24h or 7d; the field's own pattern says which it takes."""
    return int(text[:-1]) * _UNITS[text[-1]]
