"""What a service shows of itself when it calls another."""

from typing import Protocol


class Credentials(Protocol):
    """Where bearer tokens come from; `fleetkit.auth.client_credentials.ServiceTokenSource` is one."""

    async def token(self) -> str:
        """A bearer token that is good for the next call.

        Raises:
            UnavailableError: there is none at present.
        """

    def discard(self, token: str) -> None:
        """Forgets a token that the other service refused, so that the next one is another."""
