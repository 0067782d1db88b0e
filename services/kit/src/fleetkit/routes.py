"""Gives an application the endpoints of routers."""

from inspect import signature
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

# What a route was declared with, by the names under which it can be declared again.
_DECLARED = frozenset(signature(APIRouter.add_api_route).parameters) - {
    "self",
    "path",
    "endpoint",
    "route_class_override",
}


def add_routes(app: FastAPI, router: APIRouter, *, responses: dict[int | str, dict[str, Any]]) -> None:
    """Adds a router's endpoints as if the application had declared them, which is what makes them quick to find.

    The framework searches a router that is included twice for each request. One that holds more than endpoints, as
    other routers or mounts, is included nevertheless.

    Args:
        app: what answers by them.
        router: where they are declared. A lifespan of its own is not run.
        responses: what each of them may answer besides what it declares.
    """
    endpoints = [route for route in router.routes if isinstance(route, APIRoute)]
    if len(endpoints) < len(router.routes):
        app.include_router(router, responses=responses)
        return
    for route in endpoints:
        declared = {name: getattr(route, name) for name in _DECLARED}
        declared["responses"] = {**responses, **route.responses}
        app.router.add_api_route(route.path, route.endpoint, route_class_override=type(route), **declared)


def try_documents_last(app: FastAPI, documents: int) -> None:
    """Moves the first so many routes behind all others: routes are tried one after the other for each request."""
    routes = app.router.routes
    routes[:] = [*routes[documents:], *routes[:documents]]
