import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import cast

import pytest
from aiormq.abc import AbstractChannel
from aiormq.exceptions import ChannelInvalidStateError
from fleetkit.events.rabbitmq.acknowledger import Acknowledger
from fleetkit.events.settlement import UnsettledError
from fleetkit.testing import eventually


@dataclass
class Channel:
    """A channel that refuses, as the broker does, to hear of a message twice."""

    unacknowledged: list[int]
    is_closed: bool = False
    failure: BaseException | None = None
    failures: int = 0
    frames: list[tuple[int, bool, bool]] = field(default_factory=list)

    async def basic_ack(self, delivery_tag: int, *, multiple: bool, wait: bool) -> None:
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        assert delivery_tag in self.unacknowledged
        self.frames.append((delivery_tag, multiple, wait))
        self.unacknowledged = [
            tag for tag in self.unacknowledged if tag != delivery_tag and not (multiple and tag < delivery_tag)
        ]


def acknowledger(channel: Channel) -> Acknowledger:
    def count() -> None:
        channel.failures += 1

    made = Acknowledger(cast(AbstractChannel, channel), count)
    for tag in channel.unacknowledged:
        made.take(tag)
    return made


def finish(acknowledging: Acknowledger, *tags: int) -> Awaitable[None]:
    for tag in tags:
        acknowledging.acknowledge(tag)
    return acknowledging.finish()


async def test_messages_are_acknowledged_together_where_none_before_them_is_in_hand() -> None:
    channel = Channel([1, 2, 3, 4, 5, 6, 7])
    await finish(acknowledger(channel), 2, 1, 3, 7, 6)
    assert channel.frames == [(3, True, False), (6, False, False), (7, False, True)]
    assert channel.unacknowledged == [4, 5]


async def test_a_late_message_is_acknowledged_though_those_after_it_were_before() -> None:
    channel = Channel([1, 2, 3])
    late = acknowledger(channel)
    late.acknowledge(2)
    late.acknowledge(3)

    async def have_been_acknowledged() -> bool:
        return channel.unacknowledged == [1]

    await eventually(have_been_acknowledged)
    await finish(late, 1)
    assert channel.unacknowledged == []


async def test_a_message_that_was_never_taken_is_not_acknowledged_by_others() -> None:
    channel = Channel([1, 3])
    acknowledging = acknowledger(channel)
    channel.unacknowledged = [1, 2, 3]
    await finish(acknowledging, 1, 3)
    assert channel.unacknowledged == [2]


async def test_what_is_done_last_is_acknowledged_before_the_end() -> None:
    channel = Channel([1, 2])
    acknowledging = acknowledger(channel)
    acknowledging.acknowledge(1)
    await asyncio.sleep(0)
    await finish(acknowledging, 2)
    assert channel.unacknowledged == []


async def test_says_where_the_broker_will_not_hear_of_it() -> None:
    with pytest.raises(UnsettledError):
        acknowledger(Channel([1], is_closed=True)).acknowledge(1)


# The client cancels what waits for a connection that breaks.
BREAKS = [ChannelInvalidStateError(), asyncio.CancelledError(), ValueError("of nobody's making")]


@pytest.mark.parametrize("failure", BREAKS, ids=lambda failure: type(failure).__name__)
async def test_tells_where_nothing_more_would_be_acknowledged(failure: BaseException) -> None:
    channel = Channel([1], failure=failure)
    acknowledger(channel).acknowledge(1)

    async def has_told() -> bool:
        return channel.failures == 1

    await eventually(has_told)


@pytest.mark.parametrize("failure", BREAKS[:2], ids=lambda failure: type(failure).__name__)
async def test_a_broken_connection_does_not_cancel_whoever_waits_for_the_end(failure: BaseException) -> None:
    with pytest.raises(ChannelInvalidStateError):
        await finish(acknowledger(Channel([1], failure=failure)), 1)


async def test_an_end_in_order_is_no_failure() -> None:
    channel = Channel([1])
    await finish(acknowledger(channel), 1)
    assert channel.failures == 0
