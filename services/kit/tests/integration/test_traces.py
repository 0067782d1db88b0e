import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Request
from fleetkit.app import build_app
from fleetkit.background import Startup, running
from fleetkit.database import Database
from fleetkit.events.outbox import append
from fleetkit.events.runtime import event_workers
from fleetkit.metrics import new_registry
from fleetkit.settings import BrokerSettings, DatabaseSettings, ServiceName, ServiceSettings
from fleetkit.testing import VirtualHost, eventually, running_app
from fleetkit.testing.collector import TraceCollector, trace_collector
from fleetkit.tracing.http import send_traced
from fleetkit.tracing.spans import current_trace_id

from .support import MIGRATIONS, made, write_effect

SECRET_NAME = "a-chair-nobody-may-know-of"
router = APIRouter()


class Settings(ServiceSettings, DatabaseSettings, BrokerSettings):
    service_name: ServiceName = "things"


@router.post("/things/{name}")
async def make_thing(name: str, request: Request) -> str | None:
    async with request.state.database.transaction() as connection:
        await append(connection, made(name))
    return current_trace_id()


@router.get("/by-zero")
async def divide(request: Request) -> None:
    async with request.state.database.acquire() as connection:
        await connection.fetchval("SELECT 1 / $1::int", 0)


@router.get("/neighbour")
async def call_neighbour() -> str:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, text=request.headers["traceparent"])

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
        response = await send_traced(client.send, client.build_request("GET", "http://neighbour:8000/x"))
    return response.text


def create_app(settings: Settings) -> FastAPI:
    registry = new_registry()
    database = Database(settings, application_name="things")
    startup = Startup(settings, database, MIGRATIONS)
    workers = event_workers(
        settings, service="things", database=database, handlers={"thing.made": write_effect}, registry=registry
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[Mapping[str, object]]:
        async with database, running(startup, workers):
            yield {"database": database}

    return build_app(
        settings,
        title="things",
        version="1.2.3",
        routers=[router],
        lifespan=lifespan,
        readiness={"startup": startup.check},
        registry=registry,
    )


@asynccontextmanager
async def traced_client(
    database_url: str, vhost: VirtualHost, collector_url: str | None
) -> AsyncIterator[httpx2.AsyncClient]:
    settings = Settings.model_validate(
        {"database_url": database_url, "rabbitmq_url": vhost.url, "otel_exporter_otlp_endpoint": collector_url}
    )
    async with running_app(create_app(settings)) as client:

        async def is_ready() -> bool:
            return (await client.get("/health/ready")).is_success

        await eventually(is_ready)
        yield client


@pytest.fixture
async def collector() -> AsyncIterator[TraceCollector]:
    async with trace_collector() as collector:
        yield collector


async def consumed(client: httpx2.AsyncClient) -> bool:
    return 'events_consumed_total{result="applied",type="thing.made"} 1.0' in (await client.get("/metrics")).text


async def test_one_trace_holds_the_request_the_event_and_what_became_of_it(
    database_url: str, vhost: VirtualHost, collector: TraceCollector
) -> None:
    async with traced_client(database_url, vhost, collector.url) as client:
        trace_id = (await client.post(f"/things/{SECRET_NAME}")).json()
        await eventually(lambda: consumed(client))
    request = collector.named("POST /things/{name}")
    create, send, process = (collector.named(f"{step} thing.made") for step in ("create", "send", "process"))
    assert [span.trace_id for span in (request, create, send, process)] == [trace_id] * 4
    assert create.parent_id == request.span_id
    assert send.parent_id == process.parent_id == create.span_id
    assert [span.kind for span in (request, create, send, process)] == ["SERVER", "PRODUCER", "CLIENT", "CONSUMER"]
    assert {span.service for span in collector.spans} == {"things"}


async def test_statements_are_spans_of_the_work_that_they_belong_to_and_show_no_values(
    database_url: str, vhost: VirtualHost, collector: TraceCollector
) -> None:
    async with traced_client(database_url, vhost, collector.url) as client:
        trace_id = (await client.post(f"/things/{SECRET_NAME}")).json()
        await eventually(lambda: consumed(client))
    appended = collector.named("INSERT outbox")
    assert appended.parent_id == collector.named("create thing.made").span_id
    assert (appended.attributes["db.system.name"], appended.attributes["db.operation.name"]) == ("postgresql", "INSERT")
    effect = collector.named("INSERT effects")
    assert effect.parent_id == collector.named("process thing.made").span_id
    statements = [span for span in collector.spans if "db.query.text" in span.attributes]
    assert all(SECRET_NAME not in json.dumps(dict(span.attributes)) for span in statements)
    assert {span.trace_id for span in statements} == {trace_id}  # none for what the relay polls


async def test_a_failed_statement_marks_its_span_and_tells_no_message(
    database_url: str, vhost: VirtualHost, collector: TraceCollector
) -> None:
    async with traced_client(database_url, vhost, collector.url) as client:
        assert (await client.get("/by-zero")).status_code == 500
    statement = collector.named("SELECT")
    assert statement.failed
    assert statement.attributes["error.type"] == "DivisionByZeroError"
    assert collector.named("GET /by-zero").failed
    assert b"division by zero" not in collector.received


async def test_a_call_to_another_service_takes_the_trace_along(
    database_url: str, vhost: VirtualHost, collector: TraceCollector
) -> None:
    async with traced_client(database_url, vhost, collector.url) as client:
        traceparent = (await client.get("/neighbour")).json()
    call = collector.named("GET")
    assert traceparent.startswith(f"00-{call.trace_id}-{call.span_id}-")
    assert call.parent_id == collector.named("GET /neighbour").span_id
    assert call.attributes["server.address"] == "neighbour"


async def test_continues_the_trace_of_its_caller(
    database_url: str, vhost: VirtualHost, collector: TraceCollector
) -> None:
    parent = f"00-{'a' * 32}-{'b' * 16}-01"
    async with traced_client(database_url, vhost, collector.url) as client:
        await client.get("/neighbour", headers={"traceparent": parent})
    assert collector.named("GET /neighbour").trace_id == "a" * 32


async def test_makes_no_spans_of_probes_and_scrapes(
    database_url: str, vhost: VirtualHost, collector: TraceCollector
) -> None:
    async with traced_client(database_url, vhost, collector.url) as client:
        await client.get("/metrics")
    assert collector.spans == []


async def test_log_lines_carry_the_trace(
    database_url: str, vhost: VirtualHost, collector: TraceCollector, capsys: pytest.CaptureFixture[str]
) -> None:
    async with traced_client(database_url, vhost, collector.url) as client:
        trace_id = (await client.post("/things/chair")).json()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (access,) = [line for line in lines if line.get("path") == "/things/chair"]
    assert access["trace_id"] == trace_id


async def test_a_collector_that_is_away_costs_no_request_and_no_long_end(database_url: str, vhost: VirtualHost) -> None:
    async with traced_client(database_url, vhost, "http://127.0.0.1:9") as client:
        assert (await client.post("/things/chair")).is_success
        await eventually(lambda: consumed(client))


async def test_without_a_collector_events_carry_no_trace(database_url: str, vhost: VirtualHost) -> None:
    async with traced_client(database_url, vhost, None) as client:
        assert (await client.post("/things/chair")).json() is None
        assert "traceparent" not in made("chair").model_dump_json()
