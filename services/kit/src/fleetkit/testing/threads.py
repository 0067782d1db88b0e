"""What of an application runs in threads, where each request waits for one and costs several times as much."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts


def run_in_threads(app: FastAPI) -> set[str]:
    """The names of endpoints and dependencies that are not `async def`."""
    return {
        getattr(call, "__qualname__", repr(call))
        for route in iter_route_contexts(app.routes)
        for call in _calls(getattr(route, "dependant", None))
        if not _is_async(call)
    }


def _calls(dependant: Dependant | None) -> Iterator[Callable[..., Any]]:
    if dependant is None:
        return
    if dependant.call is not None:
        yield dependant.call
    for dependency in dependant.dependencies:
        yield from _calls(dependency)


def _is_async(call: Callable[..., Any]) -> bool:
    function = call if inspect.isroutine(call) else type(call).__call__
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
