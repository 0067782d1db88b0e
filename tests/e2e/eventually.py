"""Waiting on what becomes true, with a deadline."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

from kubectl import KubectlError

Result = TypeVar("Result")

POLL_SECONDS: Final = 0.2


def eventually(check: Callable[[], Result], seconds: float) -> Result:
    """What `check` answers, once its assertions hold and kubectl in it succeeds.

    Raises:
        AssertionError: `seconds` have passed; it shows how the last look failed.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check()
        except (AssertionError, KubectlError) as failure:
            if time.monotonic() >= deadline:
                raise AssertionError(f"not within {seconds:.0f} s: {failure}") from failure
        time.sleep(POLL_SECONDS)
