"""Puts the plumbing around a service's own routers."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from fleetkit.config_check import config_check_router
from fleetkit.health import Check, health_router
from fleetkit.logs import configure_logging
from fleetkit.metrics import RequestMetrics, metrics_router
from fleetkit.middleware import RequestContextMiddleware
from fleetkit.problems import declare_problem, install_problem_handlers
from fleetkit.settings import ServiceSettings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, Any]]]


def build_app(
    settings: ServiceSettings,
    *,
    title: str,
    version: str,
    routers: Sequence[APIRouter],
    lifespan: Lifespan,
    readiness: Mapping[str, Check],
    registry: CollectorRegistry,
) -> FastAPI:
    """Builds the application: logs, request ids, problems, health, metrics, config check, and the routers.

    Args:
        settings: what `/config-check` shows and how to log.
        title: the name in the OpenAPI document.
        version: the version in the OpenAPI document.
        routers: the service's own endpoints.
        lifespan: opens what they need and yields it as the request's state.
        readiness: the parts without which no request can be served.
        registry: where this application's metrics are.
    """
    configure_logging(settings.service_name, settings.log_level)
    app = FastAPI(
        title=title,
        version=version,
        lifespan=lifespan,
        responses={
            status.value: declare_problem(status)
            for status in (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE)
        },
    )
    for router in routers:
        app.include_router(router)
    app.include_router(config_check_router(settings))
    app.include_router(health_router(readiness))
    app.include_router(metrics_router(registry))
    install_problem_handlers(app)
    app.add_middleware(RequestContextMiddleware, metrics=RequestMetrics(registry))
    return app
