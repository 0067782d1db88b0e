import json
from collections.abc import AsyncIterator

import httpx2
import pytest
from fleetkit.body_limit import MAX_BODY_BYTES

HEADERS = {"content-type": "application/json"}


def body_of(size: int) -> bytes:
    """A thing that is refused for another reason than its size, of so many bytes."""
    frame = len(json.dumps({"name": "", "size": "big"}))
    return json.dumps({"name": "x" * (size - frame), "size": "big"}).encode()


async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
    """Says nothing of its length."""
    for start in range(0, len(body), 64 * 1024):
        yield body[start : start + 64 * 1024]


@pytest.mark.parametrize(("size", "status"), [(MAX_BODY_BYTES, 422), (MAX_BODY_BYTES + 1, 413)])
async def test_takes_a_body_up_to_the_limit(client: httpx2.AsyncClient, size: int, status: int) -> None:
    body = body_of(size)
    assert len(body) == size
    for content in (body, in_pieces(body)):
        answer = await client.post("/things", content=content, headers=HEADERS)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_reads_nothing_of_a_body_that_says_it_is_too_large(client: httpx2.AsyncClient) -> None:
    read: list[bool] = []

    async def large() -> AsyncIterator[bytes]:
        read.append(True)
        yield b"{}"

    headers = {**HEADERS, "content-length": str(MAX_BODY_BYTES + 1)}
    answer = await client.post("/things", content=large(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert not read


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded"])
async def test_a_form_is_limited_likewise(client: httpx2.AsyncClient, kind: str) -> None:
    start = b'--x\r\nContent-Disposition: form-data; name="name"; filename="name"\r\n\r\n'
    content = in_pieces(start + b"x" * MAX_BODY_BYTES)
    answer = await client.post("/form", content=content, headers={"content-type": kind})
    assert answer.status_code == 413


async def test_declares_the_answer(client: httpx2.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert "413" in paths["/things"]["post"]["responses"]
    assert "413" not in paths["/things"]["get"]["responses"]
