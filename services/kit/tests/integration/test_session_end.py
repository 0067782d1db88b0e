import asyncio
import gc

import pytest
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.rabbitmq.publisher import RabbitPublisher
from fleetkit.testing import VirtualHost
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

# Loop iterations that a connection takes to be made, and some more.
LATEST_STEP = 120


def open_sockets() -> list[asyncio.StreamWriter]:
    writers = [one for one in gc.get_objects() if isinstance(one, asyncio.StreamWriter)]
    return [writer for writer in writers if not writer.is_closing()]


@pytest.mark.parametrize("first", range(4))
async def test_a_session_that_is_ended_at_any_moment_leaves_no_socket_open(vhost: VirtualHost, first: int) -> None:
    metrics = EventMetrics(CollectorRegistry())
    for steps in range(first, LATEST_STEP, 4):
        session = RabbitPublisher(SecretStr(vhost.url), "things", metrics, timeout_seconds=1.0)
        running = asyncio.create_task(session.run())
        for _ in range(steps):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait({running})
        assert open_sockets() == [], f"cancelled after {steps} steps"
