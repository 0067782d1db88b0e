"""Which hosts an administrator's Secret may name: the operator's own settings say it, no resource does."""

from collections.abc import Sequence

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.errors import BackendRefusedError


class AllowedHosts:
    """`patterns`: a host word for word, `*.example.com` for every name below it, `*` for all. No pattern: no host."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = tuple(_canonical(pattern) for pattern in patterns)

    def require(self, host: str) -> None:
        """Raises BackendRefusedError for a host that no pattern allows."""
        if not any(_matches(_canonical(host), pattern) for pattern in self._patterns):
            message = f"host {host} is not allowed: the operator's setting FLEET_EXTERNAL_HOSTS does not name it"
            raise BackendRefusedError(Reason.HOST_NOT_ALLOWED, message)


def _canonical(name: str) -> str:
    return name.lower().rstrip(".")


def _matches(host: str, pattern: str) -> bool:
    if pattern == "*":
        return True
    return host.endswith(pattern[1:]) and len(host) >= len(pattern) if pattern.startswith("*.") else host == pattern
