"""Puts the plumbing around a service's own routers."""

import gc
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from fleetkit.body_limit import MAX_BODY_BYTES, BodyLimitMiddleware
from fleetkit.config_check import config_check_router
from fleetkit.draining import Draining
from fleetkit.health import Check, health_router
from fleetkit.logs import configure_logging
from fleetkit.metrics import RequestMetrics, metrics_router
from fleetkit.middleware import RequestContextMiddleware
from fleetkit.openapi import TAGS, install_api_document, operation_id
from fleetkit.problems import UnavailableError, install_problem_handlers, problem_responses
from fleetkit.routes import add_routes, try_documents_last
from fleetkit.settings import ServiceSettings, load_settings
from fleetkit.tracing.http import server_telemetry
from fleetkit.tracing.process import TraceExport, trace_export, traced

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, Any]]]
SettingsType = TypeVar("SettingsType", bound=ServiceSettings)


def build_app(
    settings: ServiceSettings,
    *,
    title: str,
    version: str,
    routers: Sequence[APIRouter],
    lifespan: Lifespan,
    readiness: Mapping[str, Check],
    registry: CollectorRegistry,
    max_body_bytes: int = MAX_BODY_BYTES,
) -> FastAPI:
    """Builds the application: logs, request ids, problems, health, metrics, config check, and the routers.

    Args:
        settings: what `/config-check` shows and how to log.
        title: the name in the OpenAPI document.
        version: the version in the OpenAPI document.
        routers: the service's own endpoints, which a worker process does not serve.
        lifespan: opens what they need and yields it as the request's state.
        readiness: the parts without which no request can be served.
        registry: where this application's metrics are.
        max_body_bytes: the largest body of a request that is taken; one MiB unless told.
    """
    configure_logging(settings.service_name, settings.log_level)
    draining = Draining()
    export = trace_export(settings.otel_exporter_otlp_endpoint, service=settings.service_name, version=version)
    app = FastAPI(
        title=title,
        version=version,
        lifespan=_within(export, draining, lifespan),
        telemetry=server_telemetry(export.provider if export else None),
        openapi_tags=TAGS,
        generate_unique_id_function=operation_id,
    )
    documents = len(app.router.routes)
    for router in () if settings.process == "worker" else routers:
        add_routes(app, router, responses=problem_responses(UnavailableError))
    app.include_router(config_check_router(settings))
    app.include_router(health_router(readiness, draining))
    app.include_router(metrics_router(registry))
    try_documents_last(app, documents)
    install_problem_handlers(app)
    install_api_document(app)
    app.add_middleware(BodyLimitMiddleware, max_bytes=max_body_bytes)
    app.add_middleware(RequestContextMiddleware, metrics=RequestMetrics(registry), draining=draining)
    return app


def app_of_process(create_app: Callable[[SettingsType], FastAPI], settings_class: type[SettingsType]) -> FastAPI:
    """Builds the only application of this process, by the settings of its environment.

    What there is by then stays to the end, so that the garbage collector leaves it out from here on: looking at it
    again and again takes a twentieth of the time of a small request.

    Raises:
        SettingsError: naming every missing or invalid environment variable.
    """
    app = create_app(load_settings(settings_class))
    gc.collect()
    gc.freeze()
    return app


def _within(export: TraceExport | None, draining: Draining, lifespan: Lifespan) -> Lifespan:
    @asynccontextmanager
    async def whole_lifespan(app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        async with traced(export), lifespan(app) as state, draining.before_the_server_ends():
            yield state

    return whole_lifespan
