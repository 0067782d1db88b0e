"""A container's log as the operator reads it: against a server on a real port."""

from collections.abc import AsyncIterator

import pytest
from fastapi_fleet.errors import ApiRefusedError, ApiUnavailableError, NoLogError, ReconcileError
from fastapi_fleet.kube.kinds import ObjectKey
from support.answering_server import AnsweringServer

POD = ObjectKey("Pod", "team", "shop-x")


@pytest.fixture
async def server() -> AsyncIterator[AnsweringServer]:
    async with AnsweringServer().serving() as serving:
        yield serving


async def test_log_is_read_in_lines_and_no_more_of_it_than_was_asked_for(server: AnsweringServer) -> None:
    server.answer_raw(200, b"one\n\ntwo \xff")
    assert await server.client.read_log(POD, "app", lines=7, limit=900) == [b"one", b"", b"two \xff"]
    assert (server.request.method, server.request.path) == ("GET", "/api/v1/namespaces/team/pods/shop-x/log")
    assert server.request.query == {"container": "app", "tailLines": "7", "limitBytes": "900"}


@pytest.mark.parametrize("status", [400, 404])
async def test_log_that_is_not_there_is_told_apart(server: AnsweringServer, status: int) -> None:
    server.answer(status, {"message": "no such container"})
    with pytest.raises(NoLogError, match="no such container"):
        await server.client.read_log(POD, "app", lines=7, limit=900)


@pytest.mark.parametrize(("status", "error"), [(403, ApiRefusedError), (500, ApiUnavailableError)])
async def test_log_that_cannot_be_read_says_what_happens_next(
    server: AnsweringServer, status: int, error: type[ReconcileError]
) -> None:
    server.answer(status, {"message": "the kubelet is away"})
    with pytest.raises(error, match="the kubelet is away"):
        await server.client.read_log(POD, "app", lines=7, limit=900)
