"""`/metrics` in Prometheus' format."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from fastapi.routing import iter_route_contexts
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from starlette.types import Scope

from fleetkit.database import Database

NO_ENDPOINT = "none"


def new_registry() -> CollectorRegistry:
    """A registry for one application, with the figures of its process."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def observe_pool(database: Database, registry: CollectorRegistry) -> None:
    """Shows how many connections the pool has, and how many of them are idle."""
    gauge = Gauge("database_connections", "Connections of the pool", ["state"], registry=registry)
    gauge.labels("open").set_function(lambda: database.pool_size()[0])
    gauge.labels("idle").set_function(lambda: database.pool_size()[1])


def metrics_router(registry: CollectorRegistry) -> APIRouter:
    """Builds `/metrics`."""
    router = APIRouter(tags=["operations"])

    @router.get("/metrics", response_class=PlainTextResponse)
    async def get_metrics() -> Response:
        """Shows the figures of this process in Prometheus' format."""
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return router


class RequestMetrics:
    """Counts and times requests by endpoint, method and status.

    An endpoint is its path as declared, as in `/users/{user_id}`. Requests that belong to none are counted together
    under `none`. A router that is included more than once is counted under the first of its prefixes.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "http_requests", "Requests answered", ["handler", "method", "status"], registry=registry
        )
        self._durations = Histogram(
            "http_request_duration_seconds", "Time until the answer was sent", ["handler", "method"], registry=registry
        )
        self._children: dict[tuple[int, str, int], tuple[Counter, Histogram]] = {}

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Takes down one answered request."""
        # To look for the endpoint and for the labels costs ten times what it costs to count. Routes live as long as
        # their application, so that the id of one is never that of another.
        key = (id(scope.get("route")), scope["method"], status)
        children = self._children.get(key)
        if children is None:
            children = self._children[key] = self._children_of(scope, status)
        requests, durations = children
        requests.inc()
        durations.observe(seconds)

    def _children_of(self, scope: Scope, status: int) -> tuple[Counter, Histogram]:
        handler, method = _endpoint(scope), scope["method"]
        return self._requests.labels(handler, method, status), self._durations.labels(handler, method)


def _endpoint(scope: Scope) -> str:
    route = scope.get("route")
    if route is None:
        return NO_ENDPOINT
    # The route itself does not know the prefix that it is included with.
    paths = (found.path_format for found in iter_route_contexts(scope["app"].routes) if found.original_route is route)
    return next(paths, None) or NO_ENDPOINT
