"""What a command is at, told to a terminal once it takes so long that a person wonders."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Final

from fastapi_fleet.cli.consoles import remarks

SECONDS: Final = 1.0


@contextmanager
def told_when_slow(what: str) -> Iterator[None]:
    """On standard error, gone when it is over. Nothing may be printed meanwhile."""
    console = remarks()
    if not console.is_terminal:
        yield
        return
    shown = console.status(f"{what} …")
    timer = Timer(SECONDS, shown.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        shown.stop()
