"""A gRPC server that lives as long as the service's lifespan."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc.aio
import structlog
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse

from fleetkit.auth.verifier import TokenVerifier
from fleetkit.grpc.calls import CallInterceptor, GrpcMetrics
from fleetkit.grpc.health import keep_telling
from fleetkit.health import Check
from fleetkit.tracing.grpc import server_interceptors

# The deadlines of calls are shorter: what runs at the end may finish.
STOP_SECONDS = 2.0
_OPTIONS: Sequence[tuple[str, int]] = (
    ("grpc.so_reuseport", 0),  # a port that somebody else has is an error
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # Callers connect again now and then, and so find processes that were started later.
    ("grpc.max_connection_age_ms", 300_000),
    ("grpc.max_connection_age_grace_ms", 5_000),
)
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class GrpcService:
    """A service as generated code has it.

    Attributes:
        name: its full name, as in `things.v1.ThingService`.
        add_to: adds what answers its calls to a server.
    """

    name: str
    add_to: Callable[[grpc.aio.Server], None]


@asynccontextmanager
async def running_server(
    port: int,
    services: Sequence[GrpcService],
    *,
    verifier: TokenVerifier,
    roles: Collection[str],
    readiness: Collection[Check],
    metrics: GrpcMetrics,
    reflection: bool,
) -> AsyncIterator[int]:
    """Answers calls on all addresses, and yields the port.

    At the end it tells that it is not serving, takes no more calls, and lets those that run finish for two seconds.

    Args:
        port: 0 for any that is free.
        services: what is answered besides health, which follows `readiness`.
        verifier: who can tell whose the token of a call is.
        roles: a caller has to have one of them.
        readiness: what must work for calls to be answered.
        metrics: where calls are counted.
        reflection: whether anybody may ask what the API is.

    Raises:
        RuntimeError: the port is taken.
    """
    interceptors = [*server_interceptors(), CallInterceptor(verifier, roles, metrics)]
    server = grpc.aio.server(interceptors=interceptors, options=_OPTIONS)
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    for service in services:
        service.add_to(server)
    names = [service.name for service in services]
    for name in ["", *names]:
        await servicer.set(name, HealthCheckResponse.NOT_SERVING)
    if reflection:
        _enable_reflection(names, server)
    bound = server.add_insecure_port(f"[::]:{port}")
    await server.start()
    log.info("Answering over gRPC", port=bound)
    telling = asyncio.create_task(keep_telling(servicer, names, readiness), name="grpc-health")
    try:
        yield bound
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        await servicer.enter_graceful_shutdown()
        await server.stop(STOP_SECONDS)


def _enable_reflection(names: Sequence[str], server: grpc.aio.Server) -> None:
    from grpc_reflection.v1alpha import reflection  # only where asked for: nothing of it is in production

    reflection.enable_server_reflection((*names, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
