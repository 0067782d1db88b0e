"""Sends spans to a collector by OTLP over HTTP. Importing this imports OpenTelemetry's SDK."""

import asyncio
import threading

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.semconv.attributes.service_attributes import SERVICE_NAME, SERVICE_VERSION

EXPORT_TIMEOUT_SECONDS = 5.0
FLUSH_TIMEOUT_SECONDS = 3.0
log = structlog.get_logger(__name__)


class OtlpExport:
    """Spans that go to a collector in batches, from a thread of its own.

    A collector that is away costs spans and a log line, and no request.

    Args:
        endpoint: where the collector is, as in `http://collector:4318`.
        service: the name that the traces carry.
        version: the version that the traces carry.
        flush_timeout: how many seconds the end waits for what is left, three unless told.
    """

    def __init__(
        self, endpoint: str, *, service: str, version: str, flush_timeout: float = FLUSH_TIMEOUT_SECONDS
    ) -> None:
        resource = Resource.create({SERVICE_NAME: service, SERVICE_VERSION: version})
        exporter = OTLPSpanExporter(f"{endpoint.removesuffix('/')}/v1/traces", timeout=EXPORT_TIMEOUT_SECONDS)
        self.provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self.provider.add_span_processor(BatchSpanProcessor(exporter))
        self._flush_timeout = flush_timeout

    async def end(self) -> None:
        """Sends what is left, and gives up after the limit."""
        # A thread that the end of the process does not wait for, as it would for those of the event loop.
        thread = threading.Thread(target=self.provider.shutdown, name="flush-traces", daemon=True)
        thread.start()
        await asyncio.to_thread(thread.join, self._flush_timeout)
        if thread.is_alive():
            log.warning("Traces were not sent in time and are lost")
