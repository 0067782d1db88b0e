"""A PostgreSQL server as its administrator reaches it, and what a session that fails is called."""

import ssl
from dataclasses import dataclass, field

import asyncpg

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.endpoints import SslMode
from fastapi_fleet.errors import BackendRefusedError, BackendUnavailableError


@dataclass(frozen=True)
class PostgresServer:
    """Where a server is, and its administrator: a superuser, or a role with CREATEROLE and CREATEDB.

    Attributes:
        ssl_mode: as in libpq. verify-ca and verify-full need `certificate_authority`.
        certificate_authority: certificates in PEM that the server's is checked with.
        database: the one that the administrator logs in to; it holds nothing of services.
        exclusive: the server has been made for services: nothing else on it needs its databases for maintenance.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    ssl_mode: SslMode = "prefer"
    certificate_authority: str | None = field(default=None, repr=False)
    database: str = "postgres"
    exclusive: bool = False


def tls_of(server: PostgresServer) -> ssl.SSLContext | SslMode:
    """The driver's argument `ssl`."""
    if server.certificate_authority is None:
        return server.ssl_mode
    context = ssl.create_default_context(cadata=server.certificate_authority)
    context.check_hostname = server.ssl_mode == "verify-full"
    return context


def failure_of(where: PostgresServer, error: Exception) -> BackendUnavailableError:
    """Name a failure without the server's own text, which may quote statements.

    A BackendRefusedError where the login, its rights or the certificate are not what they must be.
    """
    server = f"PostgreSQL at {where.host}:{where.port}"
    if isinstance(error, TimeoutError):
        return BackendUnavailableError(f"{server}: no answer in time")
    if isinstance(error, asyncpg.PostgresError):
        return _refusal(server, error)
    if isinstance(error, ssl.SSLError):
        return BackendRefusedError(Reason.TLS_FAILED, f"{server}: {_certificate_problem(error)}")
    # asyncpg's own, for an answer that declines TLS
    if type(error) is ConnectionError and where.ssl_mode != "prefer":
        return BackendRefusedError(Reason.TLS_FAILED, f"{server}: does not speak TLS")
    return BackendUnavailableError(f"{server}: not reachable ({type(error).__name__})")


def _refusal(server: str, error: asyncpg.PostgresError) -> BackendUnavailableError:
    message = f"{server}: refused ({type(error).__name__}, SQLSTATE {error.sqlstate})"
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        return BackendRefusedError(Reason.LOGIN_REFUSED, message)
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return BackendRefusedError(Reason.NOT_PRIVILEGED, message)
    return BackendUnavailableError(message)


def _certificate_problem(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return f"TLS failed ({error.reason})"
