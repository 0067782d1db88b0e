"""How often a service gets new passwords."""

from datetime import timedelta
from typing import Annotated, Final

from pydantic import StringConstraints

RotateEvery = Annotated[str, StringConstraints(min_length=2, max_length=5, pattern=r"^[1-9][0-9]{0,3}[hd]$")]
"""Hours or days, such as 12h or 30d: an hour at least, for each rotation restarts the pods."""

_UNITS: Final = {"h": timedelta(hours=1), "d": timedelta(days=1)}


def period_of(every: RotateEvery) -> timedelta:
    return int(every[:-1]) * _UNITS[every[-1]]
