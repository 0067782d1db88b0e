"""A collector of traces for tests: it takes spans by OTLP over HTTP, as those of a production do."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class CollectedSpan:
    """A span as it arrived. `kind` is as in `SERVER`; `parent_id` is empty where it begins a trace."""

    service: str
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    failed: bool
    attributes: Mapping[str, str | int]


class TraceCollector:
    """What has arrived so far: `spans`, and all that was `received` as it came, for what should not be in it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[CollectedSpan] = []
        self.received = b""

    def named(self, name: str) -> CollectedSpan:
        """The first span with this name.

        Raises:
            LookupError: there is none.
        """
        for span in self.spans:
            if span.name == name:
                return span
        raise LookupError(f"{name} is none of {[span.name for span in self.spans]}")

    def take(self, body: bytes) -> None:
        """Takes one export."""
        self.received += body
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            service = _plain(resource.resource.attributes)["service.name"]
            for scope in resource.scope_spans:
                self.spans += [_collected(str(service), span) for span in scope.spans]


@asynccontextmanager
async def trace_collector() -> AsyncIterator[TraceCollector]:
    """Runs a collector on a free port of the loopback address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(_HEAD_END)).decode().lower():
                headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
                collector.take(await reader.readexactly(int(headers["content-length"])))
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    collector = TraceCollector(f"http://127.0.0.1:{port}")
    try:
        yield collector
    finally:
        server.close()


def _collected(service: str, span: Span) -> CollectedSpan:
    return CollectedSpan(
        service=service,
        name=span.name,
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        attributes=_plain(span.attributes),
    )


def _plain(attributes: Iterable[KeyValue]) -> dict[str, str | int]:
    return {
        pair.key: pair.value.int_value if pair.value.HasField("int_value") else pair.value.string_value
        for pair in attributes
    }
