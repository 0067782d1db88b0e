"""The traces of a process: switched on by a setting, ended with the application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from opentelemetry.trace import TracerProvider
from pydantic import AnyHttpUrl

from fleetkit.tracing.spans import trace_by


class TraceExport(Protocol):
    """Makes spans, and takes them somewhere."""

    @property
    def provider(self) -> TracerProvider:
        """What makes the spans."""

    async def end(self) -> None:
        """Sends what is left, within a limit."""


def trace_export(endpoint: AnyHttpUrl | None, *, service: str, version: str) -> TraceExport | None:
    """What traces a process to the collector at `endpoint`; None where none is named."""
    if endpoint is None:
        return None
    # OpenTelemetry's SDK is imported only where it is used: it costs memory and time at the start.
    from fleetkit.tracing.export import OtlpExport

    return OtlpExport(str(endpoint), service=service, version=version)


@asynccontextmanager
async def traced(export: TraceExport | None) -> AsyncIterator[None]:
    """Makes spans by `export` while it is open, and ends it; does nothing where there is none."""
    if export is None:
        yield
        return
    trace_by(export.provider)
    try:
        yield
    finally:
        trace_by(None)
        await export.end()
