"""Why another service gave no usable answer."""

from typing import ClassVar

from fleetkit.problems import UnavailableError


class UpstreamUnavailableError(UnavailableError):
    """The other service gave no usable answer; counts against it.

    Args:
        message: what became of the call, without anything secret.
        repeatable: whether the same call may well succeed at once.
    """

    code = "upstream_unavailable"
    result: ClassVar[str] = "failed"

    def __init__(self, message: str, *, repeatable: bool = False) -> None:
        super().__init__(message)
        self.repeatable = repeatable


class UpstreamTimeoutError(UpstreamUnavailableError):
    """The deadline passed first."""

    result = "timeout"


class UpstreamNotCalledError(UpstreamUnavailableError):
    """The other service was not called at all."""


class CircuitOpenError(UpstreamNotCalledError):
    """It failed too often of late."""

    result = "circuit_open"


class TooManyCallsError(UpstreamNotCalledError):
    """As many calls as are allowed at once are under way."""

    result = "rejected"
