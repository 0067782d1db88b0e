"""Who is logged in to a server."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LoginSession:
    """`client`: the address that it comes from. `since`: when it began, RFC 3339 in UTC."""

    client: str
    since: str
