from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio
import pytest
from fleetkit.testing.collector import TraceCollector, trace_collector
from fleetkit.tracing.export import OtlpExport
from fleetkit.tracing.grpc import client_interceptors, server_interceptors
from fleetkit.tracing.process import traced
from fleetkit.tracing.spans import current_trace_id, span


async def echo_trace(_request: bytes, _context: Any) -> bytes:
    return (current_trace_id() or "").encode()


async def refuse(_request: bytes, context: Any) -> bytes:
    await context.abort(grpc.StatusCode.NOT_FOUND, "nowhere")
    raise AssertionError


METHODS = {"Echo": echo_trace, "Refuse": refuse}


async def call(channel: grpc.aio.Channel, method: str) -> bytes:
    stub: Any = channel.unary_unary(f"/things.Things/{method}")
    answer: bytes = await stub(b"")
    return answer


@asynccontextmanager
async def channel_to_server() -> AsyncIterator[grpc.aio.Channel]:
    server = grpc.aio.server(interceptors=server_interceptors())
    handlers: dict[str, Any] = {name: grpc.unary_unary_rpc_method_handler(method) for name, method in METHODS.items()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("things.Things", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", interceptors=client_interceptors()) as channel:
        yield channel
    await server.stop(None)


@pytest.fixture
async def collector() -> AsyncIterator[TraceCollector]:
    async with trace_collector() as collector:
        yield collector


async def test_a_call_is_one_trace_on_both_sides(collector: TraceCollector) -> None:
    async with traced(OtlpExport(collector.url, service="things", version="1")), channel_to_server() as channel:
        with span("work"):
            seen = await call(channel, "Echo")
    client, server = (
        next(one for one in collector.spans if (one.name, one.kind) == ("things.Things/Echo", kind))
        for kind in ("CLIENT", "SERVER")
    )
    assert seen.decode() == client.trace_id == server.trace_id == collector.named("work").trace_id
    assert server.parent_id == client.span_id
    assert client.attributes["rpc.response.status_code"] == "OK"


async def test_a_refused_call_reaches_its_caller_and_marks_the_span(collector: TraceCollector) -> None:
    async with traced(OtlpExport(collector.url, service="things", version="1")), channel_to_server() as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(channel, "Refuse")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    client = next(one for one in collector.spans if one.kind == "CLIENT")
    assert client.failed
    assert client.attributes["error.type"] == "NOT_FOUND"
