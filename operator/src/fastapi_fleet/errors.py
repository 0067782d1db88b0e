"""Errors of a pass. The type says what happens next: retry with backoff, wait for a change, or give up."""

from typing import ClassVar, Literal

NextStep = Literal["retry", "wait", "give_up"]


class ReconcileError(Exception):
    """A pass could not finish. `reason` is a CamelCase constant; `message` is for people and holds no secret."""

    next_step: ClassVar[NextStep]
    retry_after: float = 0.0
    """Seconds that who was asked wants to be left alone."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class InvalidSpecError(ReconcileError):
    """The spec contradicts itself in a way that admission cannot tell. Nothing is retried until it changes."""

    next_step = "give_up"

    def __init__(self, field: str, message: str) -> None:
        super().__init__("InvalidSpec", f"{field}: {message}")
        self.field = field
        self.problem = message


class NotOwnedError(ReconcileError):
    """An object (or database, or broker user) of the wanted name belongs to somebody else; it is left alone."""

    next_step = "wait"

    def __init__(self, message: str) -> None:
        super().__init__("NotOwned", message)


class PredecessorLeavingError(ReconcileError):
    """Children of a deleted resource of the same name are still there: garbage collection is about to take them."""

    next_step = "wait"

    def __init__(self, message: str) -> None:
        super().__init__("Pending", message)


class DependencyMissingError(ReconcileError):
    """Something that the service needs is not there yet: a change of it wakes the pass."""

    next_step = "wait"


class LeadershipLostError(ReconcileError):
    """Another replica may write by now: this process must not, and ends."""

    next_step = "give_up"

    def __init__(self, message: str) -> None:
        super().__init__("LeadershipLost", message)


class ApiUnavailableError(ReconcileError):
    """The Kubernetes API did not answer, or answered that it cannot now (429, 5xx, timeout)."""

    next_step = "retry"

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__("ApiUnavailable", message)
        self.retry_after = retry_after


class NotLoggedInError(ApiUnavailableError):
    """There are no credentials for the Kubernetes API that can be read, or obtained."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"cannot log in to a cluster: {problem}")


class ApiConflictError(ReconcileError):
    """A write met a newer state (409): read again and retry."""

    next_step = "retry"

    def __init__(self, message: str) -> None:
        super().__init__("ApiConflict", message)


class ApiRefusedError(ReconcileError):
    """The Kubernetes API refused a request (400, 403, 422): permissions, admission or quota must change first."""

    next_step = "retry"

    def __init__(self, message: str) -> None:
        super().__init__("ApiRefused", message)


class NoLogError(ApiRefusedError):
    """A container has no log, or none yet."""


class BackendUnavailableError(ReconcileError):
    """PostgreSQL or RabbitMQ did not answer in time."""

    next_step: ClassVar[NextStep] = "retry"

    def __init__(self, message: str) -> None:
        super().__init__("BackendUnavailable", message)


class BackendRefusedError(BackendUnavailableError):
    """PostgreSQL or RabbitMQ, or the way to it, is not as it must be: a person acts, no retry helps."""

    next_step = "wait"

    def __init__(self, reason: str, message: str) -> None:
        ReconcileError.__init__(self, reason, message)
