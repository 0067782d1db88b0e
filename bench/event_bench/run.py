"""The order of a run: floor and services in turns at full speed, then events at a steady rate."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import aio_pika
from aio_pika.exceptions import ChannelNotFoundEntity
from figures import Figure, Target, percentile
from fleetkit.database import Database
from fleetkit.events.outbox import append
from fleetkit.settings import DatabaseSettings
from fleetkit.testing import VirtualHost, eventually, required_variable, temporary_database, temporary_vhost

from event_bench import floor
from event_bench.options import Options
from event_bench.process import running
from event_bench.services import (
    EVENT_TYPE,
    QUEUE,
    consume_events,
    create_tables,
    made,
    relay_events,
    settings_for,
)

PATIENCE_SECONDS = 300.0
MILLISECONDS = 1000.0
_FILL = """
INSERT INTO outbox (id, type, body)
SELECT id, $2, jsonb_set(jsonb_set(jsonb_set(
    $3::jsonb, '{id}', to_jsonb(id::text)), '{subject}', to_jsonb(id::text)), '{data,thing_id}', to_jsonb(id::text))
FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $1)) AS new
"""


@dataclass(frozen=True)
class Round:
    """Events at full speed: how many a second, and how many microseconds of CPU each took, by part."""

    rate: float
    sending: float
    receiving: float
    machine: float


async def run(options: Options) -> list[Figure]:
    """Takes all figures."""
    rounds: list[tuple[Round, Round]] = []
    for number in range(options.rounds):
        bare = await _floor_round(options.events)
        services = await _service_round(options.events)
        rounds.append((services, bare))
        print(f"round {number + 1}: {services.rate:.0f} /s, bare client {bare.rate:.0f} /s")
    latencies = await _latencies(options)
    return [
        _middle("outbox to effect: events", "/s", rounds, lambda one: one.rate, Target(2000, at_least=True)),
        _middle("CPU per event: all of the machine", "us", rounds, lambda one: one.machine),
        _middle("CPU per event: relay", "us", rounds, lambda one: one.sending),
        _middle("CPU per event: consumer", "us", rounds, lambda one: one.receiving),
        Figure(f"commit to effect at {options.rate}/s, p50", percentile(latencies, 0.5) * MILLISECONDS, "ms"),
        Figure(
            f"commit to effect at {options.rate}/s, p99",
            percentile(latencies, 0.99) * MILLISECONDS,
            "ms",
            target=Target(100),
        ),
        Figure(f"commit to effect at {options.rate}/s, longest", max(latencies) * MILLISECONDS, "ms"),
    ]


def _middle(
    name: str, unit: str, rounds: list[tuple[Round, Round]], of: Callable[[Round], float], target: Target | None = None
) -> Figure:
    services, bare = (median(of(pair[side]) for pair in rounds) for side in (0, 1))
    return Figure(name, services, unit, floor=bare, target=target)


@asynccontextmanager
async def _broker() -> AsyncIterator[VirtualHost]:
    amqp, management = required_variable("TEST_RABBITMQ_URL"), required_variable("TEST_RABBITMQ_MANAGEMENT_URL")
    async with temporary_vhost(amqp, management) as vhost:
        yield vhost


@asynccontextmanager
async def _database(server: str) -> AsyncIterator[tuple[str, Database]]:
    async with (
        temporary_database(required_variable(server)) as url,
        Database(_patient(url), application_name="bench") as database,
    ):
        await database.open()
        async with database.acquire() as connection:
            await create_tables(connection)
        yield url, database


def _patient(url: str) -> DatabaseSettings:
    """A commit counts from when it is done, however long a machine with other work lets it wait for a connection."""
    return settings_for(url).model_copy(update={"database_acquire_timeout": PATIENCE_SECONDS})


async def _floor_round(events: int) -> Round:
    async with _broker() as vhost:
        with running(floor.consume, vhost.url) as consumer:
            await eventually(lambda: _has_consumer(vhost, floor.QUEUE), within=PATIENCE_SECONDS)
            busy, begun = _busy_seconds(), time.monotonic()
            with running(floor.publish, vhost.url, events) as publisher:
                await _until(lambda: publisher.count > 0)
                begun = time.monotonic()
                await _until(lambda: consumer.count >= events)
                taken, busy = time.monotonic() - begun, _busy_seconds() - busy
                sent, received = publisher.stop(), consumer.stop()
    return _round(events, taken, sent.cpu_seconds, received.cpu_seconds, busy)


async def _service_round(events: int) -> Round:
    async with (
        _broker() as vhost,
        _database("USERS_TEST_DATABASE_URL") as (makers_url, makers),
        _database("ORDERS_TEST_DATABASE_URL") as (keepers_url, _),
    ):
        with (
            running(relay_events, makers_url, vhost.url) as relay,
            running(consume_events, keepers_url, vhost.url) as consumer,
        ):
            await eventually(lambda: _has_consumer(vhost, QUEUE), within=PATIENCE_SECONDS)
            busy = _busy_seconds()
            async with makers.transaction() as connection:
                await connection.execute(_FILL, events, EVENT_TYPE, made("thing").model_dump_json())
                await connection.execute("SELECT pg_notify('outbox', '')")
            begun = time.monotonic()
            await _until(lambda: consumer.count >= events)
            taken, busy = time.monotonic() - begun, _busy_seconds() - busy
            sent, received = relay.stop(), consumer.stop()
    return _round(events, taken, sent.cpu_seconds, received.cpu_seconds, busy)


async def _latencies(options: Options) -> list[float]:
    async with (
        _broker() as vhost,
        _database("USERS_TEST_DATABASE_URL") as (makers_url, makers),
        _database("ORDERS_TEST_DATABASE_URL") as (keepers_url, _),
    ):
        with (
            running(relay_events, makers_url, vhost.url) as relay,
            running(consume_events, keepers_url, vhost.url) as consumer,
        ):
            await eventually(lambda: _has_consumer(vhost, QUEUE), within=PATIENCE_SECONDS)
            committed = await _send_steadily(makers, options)
            await _until(lambda: consumer.count >= len(committed))
            relay.stop()
            arrived = consumer.stop().times
    return [arrived[event_id] - at for event_id, at in committed.items()]


async def _send_steadily(database: Database, options: Options) -> dict[str, float]:
    """Sends each event when it is due, however long the one before takes; returns when each was committed."""
    committed: dict[str, float] = {}

    async def send(number: int) -> None:
        event = made(str(number))
        async with database.transaction() as connection:
            await append(connection, event)
        committed[event.id] = time.time()

    begun = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(round(options.rate * options.seconds)):
            await asyncio.sleep(max(0.0, begun + number / options.rate - time.monotonic()))
            group.create_task(send(number))
    return committed


async def _has_consumer(vhost: VirtualHost, queue: str) -> bool:
    async with await aio_pika.connect(vhost.url) as connection:
        try:
            declared = await (await connection.channel()).declare_queue(queue, passive=True)
        except ChannelNotFoundEntity:
            return False
    return bool(declared.declaration_result.consumer_count)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - another process counts
            await asyncio.sleep(0.01)


def _round(events: int, taken: float, sending: float, receiving: float, machine: float) -> Round:
    per_event = 1e6 / events
    return Round(events / taken, sending * per_event, receiving * per_event, machine * per_event)


def _busy_seconds() -> float:
    """CPU seconds that this machine has used for whatever it did."""
    user, nice, system, _idle, _wait, interrupt, soft = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]
    )
    return (user + nice + system + interrupt + soft) / 100
