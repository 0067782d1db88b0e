"""Spans of statements: what was asked of the database, never with which values."""

import re
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

import asyncpg
from opentelemetry import trace
from opentelemetry.semconv.attributes.db_attributes import (
    DB_OPERATION_NAME,
    DB_QUERY_SUMMARY,
    DB_QUERY_TEXT,
    DB_SYSTEM_NAME,
)
from opentelemetry.trace import SpanKind

from fleetkit.tracing.spans import is_tracing, span

_OPERATION = re.compile(r"[a-z]+", re.IGNORECASE)
_CHANGE = re.compile(r"\b(insert)\s+into\s+(\w+)|\b(update)\s+(\w+)\s+set|\b(delete)\s+from\s+(\w+)", re.IGNORECASE)
_TABLE = re.compile(r"\bfrom\s+(\w+)", re.IGNORECASE)


class TracedConnection(asyncpg.Connection):
    """A connection that makes a span of each statement that belongs to a traced request or event.

    What runs on its own, as the polls of an outbox do, is left out.
    """

    async def execute(self, query: str, *args: Any, **options: Any) -> str:  # noqa: ANN401 - as the driver takes them
        with _statement(query):
            return await super().execute(query, *args, **options)

    async def executemany(self, command: str, args: Any, **options: Any) -> None:  # noqa: ANN401 - as above
        with _statement(command):
            await super().executemany(command, args, **options)

    async def fetch(self, query: str, *args: Any, **options: Any) -> list[Any]:  # noqa: ANN401 - as above
        with _statement(query):
            rows: list[Any] = await super().fetch(query, *args, **options)
            return rows

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as above
        with _statement(query):
            return await super().fetchrow(query, *args, **options)

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as above
        with _statement(query):
            return await super().fetchval(query, *args, **options)


def connection_class() -> type[asyncpg.Connection]:
    """The class of a pool's connections: the driver's own where traces are off."""
    return TracedConnection if is_tracing() else asyncpg.Connection


def _statement(query: str) -> AbstractContextManager[object]:
    if not trace.get_current_span().is_recording():
        return nullcontext()
    operation, summary = _summary(query)
    attributes = {
        DB_SYSTEM_NAME: "postgresql",
        DB_OPERATION_NAME: operation,
        DB_QUERY_SUMMARY: summary,
        DB_QUERY_TEXT: query.strip(),
    }
    return span(summary, attributes, kind=SpanKind.CLIENT)


@lru_cache(maxsize=256)
def _summary(query: str) -> tuple[str, str]:
    """The operation of a statement, and with it the table that it is about, where both are plain to see."""
    if change := _CHANGE.search(query):
        operation, table = (part for part in change.groups() if part)
        return operation.upper(), f"{operation.upper()} {table}"
    first = _OPERATION.search(query)
    operation = first.group().upper() if first else "QUERY"
    table = _TABLE.search(query)
    return operation, f"{operation} {table.group(1)}" if table else operation
