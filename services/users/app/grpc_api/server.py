"""The gRPC server of users, beside HTTP and on a port of its own."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager

from fleetkit.auth.principal import ADMIN, SERVICE
from fleetkit.auth.verifier import TokenVerifier
from fleetkit.grpc.calls import GrpcMetrics
from fleetkit.grpc.server import running_server
from fleetkit.grpc.settings import GrpcSettings
from fleetkit.health import Check
from prometheus_client import CollectorRegistry

from app.grpc_api.users import user_calls
from app.services.users import UserService


def answering(
    settings: GrpcSettings,
    users: UserService,
    verifier: TokenVerifier,
    readiness: Mapping[str, Check],
    registry: CollectorRegistry,
) -> AbstractAsyncContextManager[int]:
    """Answers services and administrators while it is entered, and yields the port."""
    return running_server(
        settings.grpc_port or 0,
        [user_calls(users)],
        verifier=verifier,
        roles=(SERVICE, ADMIN),
        readiness=readiness.values(),
        metrics=GrpcMetrics(registry),
        reflection=settings.grpc_reflection,
    )
