"""The first moment after SIGTERM: whoever keeps a connection leaves it before the server closes it."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import FrameType


@dataclass
class Draining:
    """Between the signal to end and the end of the server.

    uvicorn closes connections without a request at once, and a request that is on its way to one of them is lost: its
    client cannot know whether it may send it again. So each answer ends its connection first, which clients understand.

    Attributes:
        seconds: from the signal until the server has its turn. Whoever asks more often than that loses nothing.
        has_begun: whether the signal has come.
    """

    seconds: float = 0.5
    has_begun: bool = field(default=False, init=False)

    @asynccontextmanager
    async def before_the_server_ends(self) -> AsyncIterator[None]:
        """Stands before the server's own handler of SIGTERM. A second SIGTERM goes to that at once."""
        server_ends = signal.getsignal(signal.SIGTERM)
        if not callable(server_ends) or threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()

        def begin(signum: int, frame: FrameType | None) -> None:
            if self.has_begun:
                server_ends(signum, frame)
                return
            self.has_begun = True
            loop.call_soon_threadsafe(loop.call_later, self.seconds, server_ends, signum, None)

        signal.signal(signal.SIGTERM, begin)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, server_ends)
