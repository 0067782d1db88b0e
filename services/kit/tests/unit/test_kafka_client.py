import asyncio

import pytest
from fleetkit.events.kafka.client import KafkaClient


class FakeClient:
    """A client that starts when it is told to, and notes what is done with it."""

    def __init__(self) -> None:
        self.answered = asyncio.Event()
        self.history: list[str] = []

    async def start(self) -> None:
        self.history.append("starting")
        try:
            await self.answered.wait()
        except asyncio.CancelledError:
            self.history.append("cut off")
            raise
        self.history.append("started")

    async def stop(self) -> None:
        self.history.append("stopped")


async def give_up(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


@pytest.fixture
def fake() -> FakeClient:
    return FakeClient()


async def begin(client: KafkaClient) -> asyncio.Task[None]:
    starting = asyncio.create_task(client.start())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return starting


async def test_a_start_that_is_given_up_is_let_go_on_and_stopped_after_it(fake: FakeClient) -> None:
    client = KafkaClient(fake.start, fake.stop)
    await give_up(await begin(client))
    stopping = asyncio.create_task(client.stop())
    await asyncio.sleep(0)
    assert fake.history == ["starting"]
    fake.answered.set()
    await stopping
    assert fake.history == ["starting", "started", "stopped"]


async def test_a_start_that_is_past_its_first_broker_is_cut_off(fake: FakeClient) -> None:
    client = KafkaClient(fake.start, fake.stop)
    await give_up(await begin(client))
    client.past_first_broker()
    await client.stop()
    assert fake.history == ["starting", "cut off", "stopped"]


async def test_a_start_that_never_ends_is_cut_off_in_the_end_without_anybody_waiting(
    fake: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleetkit.events.kafka.client.CLOSE_TIMEOUT_SECONDS", 0.01)
    monkeypatch.setattr("fleetkit.events.kafka.client.FIRST_BROKER_TIMEOUT_SECONDS", 0.1)
    client = KafkaClient(fake.start, fake.stop)
    await give_up(await begin(client))
    await client.stop()
    assert fake.history == ["starting"]
    others = asyncio.all_tasks() - {task for task in [asyncio.current_task()] if task}
    await asyncio.wait(others)
    assert fake.history == ["starting", "cut off", "stopped"]


async def test_a_client_is_stopped_whose_stop_nobody_waits_for(fake: FakeClient) -> None:
    fake.answered.set()
    client = KafkaClient(fake.start, fake.stop)
    await client.start()
    stopping = asyncio.create_task(client.stop())
    await asyncio.sleep(0)
    await give_up(stopping)
    assert stopping.cancelled()
    assert fake.history == ["starting", "started", "stopped"]


async def test_a_start_that_fails_is_said_and_the_client_stopped(fake: FakeClient) -> None:
    async def fail() -> None:
        raise OSError("nobody listens")

    client = KafkaClient(fail, fake.stop)
    with pytest.raises(OSError, match="nobody listens"):
        await client.start()
    await client.stop()
    assert fake.history == ["stopped"]
