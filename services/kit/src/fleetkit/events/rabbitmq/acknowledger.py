"""Tells the broker what is done, of many messages at a time."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable

from aiormq.abc import AbstractChannel
from aiormq.exceptions import ChannelInvalidStateError

from fleetkit.events.settlement import UnsettledError


class Acknowledger:
    """Acknowledges the messages of a channel, as one where no earlier message is still in hand.

    It works from when it is made until `finish`, or until the channel closes.

    Args:
        channel: that brought the messages.
        on_failure: is called where it cannot go on: nothing more would be acknowledged.
    """

    def __init__(self, channel: AbstractChannel, on_failure: Callable[[], None]) -> None:
        self._channel = channel
        self._on_failure = on_failure
        self._latest = 0
        self._in_hand: set[int] = set()
        self._done: list[int] = []
        self._wake = asyncio.Event()
        self._finishing = False
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._tell_of_failure)

    def take(self, tag: int) -> None:
        """Notes a message as in hand, and for good what should have come before it and has not."""
        self._in_hand.update(range(self._latest + 1, tag + 1))
        self._latest = tag

    def acknowledge(self, tag: int) -> None:
        """Notes a message that was taken as done; the broker hears of it soon.

        Raises:
            UnsettledError: the channel is closed, and the broker will bring the message again.
        """
        if self._channel.is_closed:
            raise UnsettledError("the connection was lost")
        self._done.append(tag)
        self._wake.set()

    async def finish(self) -> None:
        """Returns once what is done is on its way to the broker.

        Raises:
            aiormq.exceptions.ChannelInvalidStateError: the channel is closed.
        """
        self._finishing = True
        self._wake.set()
        try:
            await asyncio.wait({self._task})
        finally:
            self._task.cancel()
        # The client cancels what waits for a connection that breaks; nobody asked this task to end.
        if self._task.cancelled():
            raise ChannelInvalidStateError
        self._task.result()

    def _tell_of_failure(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._on_failure()

    async def _run(self) -> None:
        while self._done or not self._finishing:
            await self._wake.wait()
            self._wake.clear()
            done, self._done = sorted(self._done), []
            await self._send(done)

    async def _send(self, done: list[int]) -> None:
        self._in_hand.difference_update(done)
        first_in_hand = min(self._in_hand, default=self._latest + 1)
        together = bisect_left(done, first_in_hand)
        for tag in done[max(together - 1, 0) :]:
            # Only what has left the client's own queue outlives the end of the connection.
            await self._channel.basic_ack(tag, multiple=tag < first_in_hand, wait=tag == done[-1])
