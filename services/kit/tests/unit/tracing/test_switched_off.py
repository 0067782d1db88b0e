import subprocess
import sys

from fleetkit.events.cloudevents import CloudEvent
from fleetkit.events.tracing import creating, processing
from fleetkit.tracing.grpc import client_interceptors, server_interceptors
from fleetkit.tracing.spans import current_trace_id, current_traceparent, outgoing_headers, span
from pydantic import BaseModel

SERVE_ONE_REQUEST = """
import asyncio, sys
from contextlib import asynccontextmanager
from fastapi import APIRouter
from fleetkit.app import build_app
from fleetkit.database import Database
from fleetkit.events.runtime import event_workers
from fleetkit.metrics import new_registry
from fleetkit.settings import ServiceSettings
from fleetkit.testing import running_app

class Settings(ServiceSettings):
    service_name: str = "things"

@asynccontextmanager
async def lifespan(app):
    yield {}

async def main():
    app = build_app(Settings(), title="things", version="1", routers=[APIRouter()], lifespan=lifespan, readiness={},
                    registry=new_registry())
    async with running_app(app) as client:
        assert (await client.get("/config-check")).is_success

asyncio.run(main())
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter", "requests"))])
"""


class Made(BaseModel):
    name: str


def test_a_service_without_a_collector_never_imports_the_sdk() -> None:
    result = subprocess.run(  # noqa: S603 - the interpreter of this test
        [sys.executable, "-c", SERVE_ONE_REQUEST], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"


def test_without_a_collector_nothing_is_made() -> None:
    event = CloudEvent.new(source="/things", event_type="thing.made", subject="chair", data=Made(name="chair"))
    with span("work") as made, processing(event, "things") as processed, creating(event) as created:
        assert (made, processed, current_trace_id(), current_traceparent(), outgoing_headers()) == (
            None,
            None,
            None,
            None,
            {},
        )
    assert created is event
    assert not client_interceptors()
    assert not server_interceptors()
