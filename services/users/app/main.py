"""Puts the users service together."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI
from fleetkit.app import app_of_process, build_app
from fleetkit.auth.signer import TokenSigner
from fleetkit.background import Startup, Worker, running
from fleetkit.database import Database
from fleetkit.events.runtime import event_workers
from fleetkit.health import Check
from fleetkit.metrics import new_registry, observe_pool
from fleetkit.migrations import SchemaCheck
from fleetkit.rate_limit import RateLimiter
from fleetkit.version import read_version
from prometheus_client import CollectorRegistry

from app.config import Settings
from app.events.consumed import HANDLERS, HANDLERS_WITHOUT_MAIL
from app.routers import tokens, users
from app.services.first_admin import FirstAdmin
from app.services.passwords import Passwords
from app.services.smtp import SmtpMailer
from app.services.tokens import TokenService
from app.services.users import UserService
from app.services.welcome_mails import WelcomeMailRelay

SERVICE = Path(__file__).parent.parent
MIGRATIONS = SERVICE / "migrations"
log = structlog.get_logger(__name__)


def create_app(settings: Settings) -> FastAPI:
    """Builds the application; nothing is connected before it is started."""
    registry = new_registry()
    database = Database(settings, application_name=settings.service_name)
    observe_pool(database, registry)
    passwords = Passwords()
    admin = _first_admin(settings, database, passwords)
    startup = Startup(settings, database, MIGRATIONS, prepare=admin.ensure if admin else None)
    workers = _workers(settings, database, registry)
    state = _state(settings, database, passwords)
    readiness = {
        "startup": startup.check,
        "database": database.check,
        "schema": SchemaCheck(database, MIGRATIONS).check,
    }

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        if settings.smtp_host is None:
            log.info("No mail is sent: SMTP_HOST is not set")
        with closing(passwords):
            async with database, running(startup, workers), _calls(settings, state, readiness, registry):
                yield state

    return build_app(
        settings,
        title="users",
        version=read_version(SERVICE / "pyproject.toml"),
        routers=[users.router, tokens.router],
        lifespan=lifespan,
        readiness=readiness,
        registry=registry,
    )


def _first_admin(settings: Settings, database: Database, passwords: Passwords) -> FirstAdmin | None:
    if settings.admin_email is None or settings.admin_password is None:
        return None
    return FirstAdmin(
        database,
        passwords=passwords,
        email=settings.admin_email,
        password=settings.admin_password,
        event_source=_event_source(settings),
    )


def _workers(settings: Settings, database: Database, registry: CollectorRegistry) -> Sequence[Worker]:
    if settings.process == "web":
        return ()
    server = settings.smtp_server()
    events = event_workers(
        settings,
        service=settings.service_name,
        database=database,
        handlers=HANDLERS if server else HANDLERS_WITHOUT_MAIL,
        registry=registry,
    )
    if server is None:
        return events
    pause = timedelta(seconds=settings.mail_retry_seconds)
    mails = WelcomeMailRelay(database, SmtpMailer(server), first_pause=pause, registry=registry)
    return [*events, mails.run]


def _state(settings: Settings, database: Database, passwords: Passwords) -> Mapping[str, Any]:
    signer = TokenSigner(settings)
    limiter = RateLimiter(settings.login_attempts_per_minute)
    token_service = TokenService(
        database,
        passwords=passwords,
        signer=signer,
        clients=settings.service_clients,
        limiter=limiter,
        client_limiter=RateLimiter(settings.login_attempts_per_minute),
    )
    user_service = UserService(database, passwords=passwords, limiter=limiter, event_source=_event_source(settings))
    return {
        "user_service": user_service,
        "token_service": token_service,
        "token_signer": signer,
        "token_verifier": signer.verifier(),
    }


def _calls(
    settings: Settings, state: Mapping[str, Any], readiness: Mapping[str, Check], registry: CollectorRegistry
) -> AbstractAsyncContextManager[object]:
    if settings.grpc_port is None or settings.process == "worker":
        return nullcontext()
    from app.grpc_api.server import answering  # gRPC costs memory and start-up time where nobody speaks it

    return answering(settings, state["user_service"], state["token_verifier"], readiness, registry)


def _event_source(settings: Settings) -> str:
    return f"/{settings.service_name}"


def __getattr__(name: str) -> FastAPI:
    # `uvicorn app.main:app` finds the application here; importing this module needs no environment.
    if name == "app":
        return app_of_process(create_app, Settings)
    raise AttributeError(name)
