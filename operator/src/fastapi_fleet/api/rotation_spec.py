"""How often a service gets new passwords."""

from typing import Annotated

from pydantic import StringConstraints

RotateEvery = Annotated[str, StringConstraints(min_length=2, max_length=5, pattern=r"^[1-9][0-9]{0,3}[hd]$")]
"""Hours or days, such as 12h or 30d: an hour at least, for each rotation restarts the pods."""
