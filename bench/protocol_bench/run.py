"""The order of a run: both protocols in turns, for one user and for a page of them."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from uuid import UUID

import asyncpg
from figures import Figure, percentile
from fleetkit.auth.principal import Principal
from fleetkit.auth.settings import SignerSettings
from fleetkit.auth.signer import TokenSigner
from fleetkit.testing import required_variable, temporary_database
from pydantic import SecretStr
from service_bench.applications import JWT_SECRET, Running, running, users_service
from service_bench.cores import Cores
from service_bench.database import free_port

from protocol_bench.callers import Caller, Round, call_for_users, callers
from protocol_bench.options import Options

PAGE = 20
USERS = PAGE * 50
WARM_UP_CALLS = 200
MILLISECONDS = 1e3
MICROSECONDS = 1e6
_FILL = """
INSERT INTO users (id, email, name, role)
SELECT gen_random_uuid(), 'user' || number || '@example.com', 'User ' || number, 'member'
FROM generate_series(1, $1) AS number RETURNING id
"""


@dataclass(frozen=True)
class Measured:
    """A round and what the users service spent on it."""

    round: Round
    server_cpu_seconds: float


async def run(options: Options) -> list[Figure]:
    """Takes all figures."""
    grpc_port = free_port()
    with tempfile.TemporaryDirectory() as logs:
        async with temporary_database(required_variable("USERS_TEST_DATABASE_URL")) as url:
            service = users_service(url)
            service = replace(service, environment={**service.environment, "GRPC_PORT": str(grpc_port)})
            with running(service, Cores.of_this_machine(), Path(logs)) as server:
                user_ids = await _fill(url)
                async with callers(server.port, grpc_port, _token()) as clients:
                    return [
                        *await _compared(options, server, clients, user_ids, batch=1),
                        *await _compared(options, server, clients, user_ids, batch=PAGE),
                    ]


async def _compared(
    options: Options, server: Running, clients: Mapping[str, Caller], user_ids: Sequence[UUID], *, batch: int
) -> list[Figure]:
    rounds: dict[str, list[Measured]] = {protocol: [] for protocol in clients}
    for protocol, caller in clients.items():
        await call_for_users(caller, user_ids, calls=WARM_UP_CALLS, at_once=options.at_once, batch=batch)
        rounds[protocol].clear()
    for number in range(options.rounds):
        for protocol, caller in clients.items():
            rounds[protocol].append(await _measured(options, server, caller, user_ids, batch))
        rates = ", ".join(f"{protocol} {done[-1].round.rate:.0f} /s" for protocol, done in rounds.items())
        print(f"{batch} a call, round {number + 1}: {rates}")
    return _figures("one user" if batch == 1 else f"{batch} users", rounds["grpc"], rounds["http"])


async def _measured(
    options: Options, server: Running, caller: Caller, user_ids: Sequence[UUID], batch: int
) -> Measured:
    before = server.cpu_seconds()
    done = await call_for_users(caller, user_ids, calls=options.calls, at_once=options.at_once, batch=batch)
    return Measured(done, server.cpu_seconds() - before)


def _figures(name: str, grpc: Sequence[Measured], http: Sequence[Measured]) -> list[Figure]:
    def latency(share: float, measured: Sequence[Measured]) -> float:
        return percentile([each for one in measured for each in one.round.seconds], share) * MILLISECONDS

    def rate(measured: Sequence[Measured]) -> float:
        return median(one.round.rate for one in measured)

    def caller_cpu(measured: Sequence[Measured]) -> float:
        return median(one.round.cpu_seconds / one.round.calls for one in measured) * MICROSECONDS

    def server_cpu(measured: Sequence[Measured]) -> float:
        return median(one.server_cpu_seconds / one.round.calls for one in measured) * MICROSECONDS

    return [
        Figure(f"{name}: calls", rate(grpc), "/s", floor=rate(http)),
        Figure(f"{name}: p50", latency(0.5, grpc), "ms", floor=latency(0.5, http)),
        Figure(f"{name}: p99", latency(0.99, grpc), "ms", floor=latency(0.99, http)),
        Figure(f"{name}: CPU per call, orders' side", caller_cpu(grpc), "us", floor=caller_cpu(http)),
        Figure(f"{name}: CPU per call, users' side", server_cpu(grpc), "us", floor=server_cpu(http)),
    ]


async def _fill(database_url: str) -> Sequence[UUID]:
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(_FILL, USERS)
        await connection.execute("ANALYZE users")
    finally:
        await connection.close()
    return [row["id"] for row in rows]


def _token() -> str:
    signer = TokenSigner(SignerSettings(jwt_secret=SecretStr(JWT_SECRET)))
    return signer.sign(Principal.of_service("orders")).token
