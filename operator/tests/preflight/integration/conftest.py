"""A database of a test's own on a real PostgreSQL server."""

import secrets
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
from support.databases import connect, real_server, run


@pytest.fixture
async def database_url() -> AsyncIterator[str]:
    server, name = real_server(), f"scripts_{secrets.token_hex(4)}"
    admin = await connect(server, server.user, server.password, "postgres")
    await run(admin, "CREATE DATABASE %I", name)
    yield f"postgresql://{server.user}:{quote(server.password, safe='')}@{server.host}:{server.port}/{name}"
    await run(admin, "DROP DATABASE %I WITH (FORCE)", name)
    await admin.close()
