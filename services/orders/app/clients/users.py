"""Which way the users service is asked."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx2
from fleetkit.auth.client_credentials import ServiceTokenSource
from fleetkit.upstream.calls import Upstream
from fleetkit.upstream.credentials import Credentials

from app.clients.users_http import HttpUserClient
from app.config import Settings
from app.services.user_directory import UserSource


@asynccontextmanager
async def connected_users(
    settings: Settings, upstream: Upstream, *, transport: httpx2.AsyncBaseTransport | None
) -> AsyncIterator[UserSource]:
    """Yields the users service over the protocol of the settings, and lets go of its connections at the end.

    Args:
        settings: where it is, and what this service proves itself by.
        upstream: what surrounds each call.
        transport: what carries HTTP requests; tests give their own.
    """
    url = str(settings.user_service_url)
    secret = settings.service_client_secret
    async with ServiceTokenSource(
        url, client_id=settings.service_name, client_secret=secret, transport=transport
    ) as tokens:
        if settings.user_service_grpc is not None and settings.users_protocol == "grpc":
            client = _over_grpc(settings.user_service_grpc, upstream, tokens)
        else:
            client = HttpUserClient(url, upstream, credentials=tokens, transport=transport)
        async with client as source:
            yield source


def _over_grpc(target: str, upstream: Upstream, tokens: Credentials) -> AbstractAsyncContextManager[UserSource]:
    from app.clients.users_grpc import GrpcUserClient  # gRPC costs memory and start-up time where nobody speaks it

    return GrpcUserClient(target, upstream, credentials=tokens)
