from http import HTTPStatus
from typing import Any

import httpx2
import pytest

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


@pytest.fixture
async def document(client: httpx2.AsyncClient) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.get("/openapi.json")).json()
    return answer


async def test_names_operations_after_their_functions(document: dict[str, Any]) -> None:
    assert document["paths"]["/things"]["post"]["operationId"] == "create"
    assert document["paths"]["/health/ready"]["get"]["operationId"] == "get_readiness"


async def test_declares_a_refused_request_as_problem_where_there_is_something_to_refuse(
    document: dict[str, Any],
) -> None:
    assert document["paths"]["/things"]["post"]["responses"]["422"]["content"] == PROBLEM
    assert "422" not in document["paths"]["/away"]["get"]["responses"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_declares_what_nobody_expected_and_what_may_be_away(document: dict[str, Any]) -> None:
    responses = document["paths"]["/things"]["post"]["responses"]
    assert responses["400"]["content"] == responses["500"]["content"] == responses["503"]["content"] == PROBLEM
    assert responses["503"]["headers"]["Retry-After"]["schema"] == {"type": "integer"}


async def test_describes_what_those_who_run_the_service_read(document: dict[str, Any]) -> None:
    answers = {path: document["paths"][path]["get"]["responses"]["200"]["content"] for path in OPERATIONS}
    assert {path: list(content) for path, content in answers.items()} == OPERATIONS
    assert "503" in document["paths"]["/health/ready"]["get"]["responses"]


async def test_stays_the_same_when_it_is_asked_for_again(client: httpx2.AsyncClient, document: dict[str, Any]) -> None:
    assert (await client.get("/openapi.json")).json() == document


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_serves_pages_for_people(client: httpx2.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == HTTPStatus.OK


OPERATIONS = {
    "/metrics": ["text/plain"],
    "/config-check": ["application/json"],
    "/health/live": ["application/json"],
    "/health/ready": ["application/json"],
}
