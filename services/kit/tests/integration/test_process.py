import asyncio
import json
import signal
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fleetkit.database import Database
from fleetkit.testing import VirtualHost, eventually
from fleetkit.testing.service_process import GRACE_SECONDS, ServiceProcess, ready_service, service_process

from .support import effects

SERVICE = Path(__file__).with_name("service")
IN_FLIGHT = 100
NOWHERE = {"DATABASE_URL": "postgresql://nobody:hunter2@127.0.0.1:9/none", "RABBITMQ_URL": "amqp://a:b@127.0.0.1:9/x"}


@pytest.fixture
def environment(database_url: str, vhost: VirtualHost) -> dict[str, str]:
    return {"DATABASE_URL": database_url, "RABBITMQ_URL": vhost.url}


def parsed(service: ServiceProcess) -> list[dict[str, Any]]:
    """All that the process has written; fails the test where a line is no JSON."""
    return [json.loads(line) for line in service.lines]


def events_of(service: ServiceProcess, event: str) -> int:
    return sum(f'"event":"{event}"' in line for line in service.lines)


async def has_begun(service: ServiceProcess, event: str, count: int) -> bool:
    return events_of(service, event) == count


async def test_requests_in_flight_finish_after_the_signal_to_end(environment: dict[str, str]) -> None:
    limits = httpx2.Limits(max_connections=IN_FLIGHT)
    async with (
        ready_service(SERVICE, environment) as service,
        httpx2.AsyncClient(base_url=service.url, limits=limits, timeout=30) as client,
        asyncio.TaskGroup() as group,
    ):
        requests = [group.create_task(client.get("/slow")) for _ in range(IN_FLIGHT)]
        await eventually(lambda: has_begun(service, "Slow request began", IN_FLIGHT))
        service.terminate()
        await eventually(lambda: is_unready(service), within=1.0)
        assert not any(request.done() for request in requests)
        assert await service.ended(within=GRACE_SECONDS) == -signal.SIGTERM
    assert [(request.result().status_code, request.result().json()) for request in requests] == [(200, 7)] * IN_FLIGHT
    assert [line for line in parsed(service) if line["level"] in {"warning", "error", "critical"}] == []


async def is_unready(service: ServiceProcess) -> bool:
    return await service.readiness() != HTTPStatus.OK


async def test_an_event_in_hand_is_finished_and_acknowledged(
    environment: dict[str, str], database: Database, vhost: VirtualHost
) -> None:
    async with ready_service(SERVICE, environment) as service:
        async with httpx2.AsyncClient(base_url=service.url) as client:
            (await client.post("/things/chair")).raise_for_status()
        await eventually(lambda: has_begun(service, "Event began", 1))
        service.terminate()
        assert await service.ended(within=GRACE_SECONDS) == -signal.SIGTERM
    assert await effects(database) == ["chair"]
    assert await vhost.messages("things.thing.made") == []


async def test_lives_without_database_and_broker_and_ends_when_told(database_url: str) -> None:
    async with service_process(SERVICE, NOWHERE) as service:
        await eventually(lambda: has_begun(service, "Service could not start yet", 2))
        async with httpx2.AsyncClient(base_url=service.url) as client:
            assert (await client.get("/health/live")).status_code == HTTPStatus.OK
            unready = await client.get("/health/ready")
            assert unready.status_code == HTTPStatus.SERVICE_UNAVAILABLE
            assert unready.json()["parts"]["startup"].startswith("MigrationError")
        service.terminate()
        assert await service.ended(within=GRACE_SECONDS) == -signal.SIGTERM
    assert "hunter2" not in json.dumps(parsed(service))


async def test_every_line_is_json_from_the_first_to_the_last(environment: dict[str, str]) -> None:
    async with ready_service(SERVICE, environment) as service:
        async with httpx2.AsyncClient(base_url=service.url) as client:
            await client.get("/broken", headers={"X-Request-ID": "request-1"})
        service.terminate()
        await service.ended(within=GRACE_SECONDS)
    lines = parsed(service)
    assert lines[0]["event"].startswith("Started server process")
    assert lines[-1]["event"].startswith("Finished server process")
    assert {line["service"] for line in lines} == {"things"}
    (failure,) = [line for line in lines if line["level"] == "error"]
    assert (failure["request_id"], failure["exception"][0]["exc_value"]) == ("request-1", "no luck")
