"""Cancellation that is not lost on the way."""

import asyncio


def end_if_cancelled() -> None:
    """Ends the current task where it was told to end and a library kept that to itself.

    Before Python 3.12, `asyncio.wait_for` swallows a cancellation that comes together with its result; a loop
    that waits by it, through whatever library, would go on for ever.

    Raises:
        asyncio.CancelledError: the task was cancelled.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
