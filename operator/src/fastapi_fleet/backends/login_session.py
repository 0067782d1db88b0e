"""By which login a service reaches a server, and who is logged in."""

from dataclasses import dataclass
from typing import Literal

Turn = Literal["first", "second"]
"""A service has two logins on each server: its password changes by logging in as the other."""


@dataclass(frozen=True)
class LoginSession:
    """`client`: the address that it comes from. `since`: when it began, RFC 3339 in UTC."""

    client: str
    since: str
