"""A fault at one write of a scenario: an error of the API, or the end of the process."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

READS = frozenset({"get", "read_log", "list_objects", "list_metadata", "serves", "log_in", "list_sessions"})


class ProcessDiedError(BaseException):
    """No code of the operator catches it, as none catches a SIGKILL."""


@dataclass
class Faults:
    """`error` is raised at write number `at`, before it has its effect or after. None for `at`: only counts."""

    at: int | None = None
    when: Literal["before", "after"] = "before"
    error: BaseException | None = None
    count: int = 0

    def strike(self, *targets: object) -> None:
        """Let every write of the targets, and nothing that only reads, pass here."""
        for target in targets:
            for name, method in inspect.getmembers(target, inspect.iscoroutinefunction):
                if name not in READS:
                    setattr(target, name, self._around(method))

    def _around(self, write: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def faulty(*args: Any, **kwargs: Any) -> Any:
            is_struck, self.count = self.count == self.at, self.count + 1
            if is_struck and self.when == "before":
                self._raise()
            result = await write(*args, **kwargs)
            if is_struck:
                self._raise()
            return result

        return faulty

    def _raise(self) -> None:
        assert self.error is not None
        raise self.error
