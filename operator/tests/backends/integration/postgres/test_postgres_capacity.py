"""How many connections a real server lets in, and what becomes of one more than a role may have."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.backends.postgres import DatabaseRequest, PostgresBackend, PostgresServer
from fastapi_fleet.resources.connections import connection_need
from support.databases import log_in

if TYPE_CHECKING:
    from support.databases import Connection


async def test_capacity_is_what_the_server_says(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, admin: "Connection"
) -> None:
    assert postgres.capacity(server) is None
    await postgres.ensure_database(server, wanted)
    capacity = postgres.capacity(server)
    assert capacity is not None
    assert str(capacity.most) == await admin.fetchval("SHOW max_connections")
    kept = "SELECT sum(setting::int) FROM pg_settings WHERE name LIKE '%reserved_connections'"
    assert capacity.reserved == await admin.fetchval(kept)
    assert postgres.capacity(replace(server, port=1)) is None


async def test_server_is_asked_in_the_session_that_is_open_anyway(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[object] = []
    connect: Any = asyncpg.connect

    async def counted(**options: object) -> object:
        opened.append(options["database"])
        return await connect(**options)

    await postgres.ensure_database(server, wanted)
    monkeypatch.setattr(asyncpg, "connect", counted)
    assert await postgres.ensure_database(server, wanted) == ()
    assert opened == [server.database]


async def test_role_takes_all_that_is_reckoned_and_not_one_more(
    postgres: PostgresBackend, server: PostgresServer, wanted: DatabaseRequest
) -> None:
    pool = {"size": 2, "overflow": 1, "beside": 1}
    need = connection_need(FastAPIServiceSpec.model_validate({"image": "i", "database": {"pool": pool}}))
    assert need is not None
    await postgres.ensure_database(server, replace(wanted, connection_limit=need.of_role))
    sessions = [await log_in(server, wanted) for _ in range(need.of_role)]
    try:
        with pytest.raises(asyncpg.TooManyConnectionsError):
            await log_in(server, wanted)
    finally:
        for session in sessions:
            await session.close()
