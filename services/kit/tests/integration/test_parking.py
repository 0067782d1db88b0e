import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from fleetkit.database import Connection, Database
from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.command import main
from fleetkit.events.inbox import Inbox
from fleetkit.events.metrics import EventMetrics
from fleetkit.events.outbox import append
from fleetkit.events.rabbitmq.consumer import RabbitConsumer
from fleetkit.events.rabbitmq.publisher import RabbitPublisher
from fleetkit.events.relay import OutboxRelay
from fleetkit.testing import VirtualHost, eventually
from pydantic import SecretStr

from .support import effects, made, working, write_effect

QUEUE = "things.thing.made"
PARKED = f"{QUEUE}.parked"


class Workshop:
    """A service whose handler fails for as long as a test wants, with what it parked."""

    def __init__(self, database: Database, vhost: VirtualHost, metrics: EventMetrics) -> None:
        self.broken = True
        self._database = database
        self._vhost = vhost
        self._metrics = metrics

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        url = SecretStr(self._vhost.url)
        publisher = RabbitPublisher(url, "things", self._metrics, timeout_seconds=5.0)
        inbox = Inbox(self._database, "things", {"thing.made": self._handle})
        consumer = RabbitConsumer(
            url, "things", inbox, publisher, self._metrics, prefetch=10, retry_delays=(0.05,), watch_seconds=0.2
        )
        relay = OutboxRelay(self._database, publisher, self._metrics)
        async with working(publisher.run, relay.run, consumer.run):
            yield

    async def park(self, *names: str) -> list[str]:
        """Makes events that fail until they are parked, and returns their ids."""
        events = [made(name) for name in names]
        async with self.open():
            for event in events:
                async with self._database.transaction() as connection:
                    await append(connection, event)
            await eventually(self.has_parked(len(names)))
        self.broken = False
        return [event.id for event in events]

    def has_parked(self, count: int) -> Callable[[], Awaitable[bool]]:
        async def probe() -> bool:
            samples = [sample for metric in self._metrics.parked.collect() for sample in metric.samples]
            return [sample.value for sample in samples] == [count]

        return probe

    async def _handle(self, connection: Connection, event: CloudEvent) -> None:
        if self.broken:
            raise RuntimeError("out of wood\nand of nails")
        await write_effect(connection, event)


@pytest.fixture
def workshop(database: Database, vhost: VirtualHost, metrics: EventMetrics) -> Workshop:
    return Workshop(database, vhost, metrics)


@pytest.fixture
def run(vhost: VirtualHost, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Awaitable[int]]:
    """Runs the command with the environment of the service."""
    monkeypatch.setenv("RABBITMQ_URL", vhost.url)
    monkeypatch.setenv("SERVICE_NAME", "things")

    async def run(*arguments: str) -> int:
        return await asyncio.to_thread(main, [*arguments, "--type", "thing.made"])

    return run


async def test_lists_what_is_parked_and_why(
    workshop: Workshop, run: Callable[..., Awaitable[int]], capsys: pytest.CaptureFixture[str]
) -> None:
    ids = await workshop.park("chair", "table")
    capsys.readouterr()
    assert await run("list") == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert sorted(line[0] for line in lines) == sorted(ids)
    assert {tuple(line[2:]) for line in lines} == {("2", "RuntimeError", "out of wood")}


async def test_looking_at_what_is_parked_costs_none_of_it_however_often(
    workshop: Workshop, run: Callable[..., Awaitable[int]], capsys: pytest.CaptureFixture[str]
) -> None:
    await workshop.park("chair", "table")
    for _ in range(30):
        await run("list", "--limit", "1")
        await run("list")
    capsys.readouterr()
    await run("list")
    captured = capsys.readouterr()
    assert captured.out.count("RuntimeError\tout of wood") == 2
    assert "2 parked events" in captured.err


async def test_a_replayed_event_has_its_effect_and_is_parked_no_longer(
    workshop: Workshop, run: Callable[..., Awaitable[int]], vhost: VirtualHost, database: Database
) -> None:
    await workshop.park("chair", "table")
    assert await run("replay") == 0
    assert await vhost.messages(PARKED) == []

    async def are_applied() -> bool:
        return await effects(database) == ["chair", "table"]

    async with workshop.open():
        await eventually(are_applied)


async def test_an_event_that_fails_again_after_its_replay_has_all_its_attempts(
    workshop: Workshop, run: Callable[..., Awaitable[int]], capsys: pytest.CaptureFixture[str]
) -> None:
    await workshop.park("chair")
    await run("replay")
    workshop.broken = True
    capsys.readouterr()

    async def is_listed() -> bool:
        await run("list")
        return "\t2\tRuntimeError\tout of wood" in capsys.readouterr().out

    async with workshop.open():
        assert await eventually(is_listed)


async def test_replays_the_event_that_is_asked_for_and_no_other(
    workshop: Workshop, run: Callable[..., Awaitable[int]], vhost: VirtualHost
) -> None:
    ids = await workshop.park("chair", "table", "stool")
    assert await run("replay", "--id", ids[1]) == 0
    left = await vhost.messages(PARKED)
    assert len(left) == 2
    assert not any(ids[1] in body for body in left)
    assert await run("replay", "--id", ids[1]) == 1
    assert await run("replay", "--limit", "1") == 0
    assert len(await vhost.messages(PARKED)) == 1


async def test_a_dry_run_moves_nothing(
    workshop: Workshop, run: Callable[..., Awaitable[int]], vhost: VirtualHost, capsys: pytest.CaptureFixture[str]
) -> None:
    await workshop.park("chair")
    assert await run("replay", "--dry-run") == 0
    assert "1 events of thing.made would be replayed" in capsys.readouterr().err
    assert len(await vhost.messages(PARKED)) == 1


async def test_says_what_is_missing(
    run: Callable[..., Awaitable[int]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("list") == 1
    assert "things has no parking queue for thing.made" in capsys.readouterr().err
    monkeypatch.delenv("SERVICE_NAME")
    assert await run("list") == 2
    assert "SERVICE_NAME" in capsys.readouterr().err
    monkeypatch.setenv("RABBITMQ_URL", "amqp://user:hunter2@127.0.0.1:1/%2F")
    assert await run("list", "--service", "things") == 1
    written = capsys.readouterr()
    assert "the broker is not available" in written.err
    assert "hunter2" not in written.err + written.out
