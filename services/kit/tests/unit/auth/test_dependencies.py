import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import uuid4

import httpx2
import pytest
import structlog
from fastapi import APIRouter, Depends, FastAPI, Request
from fleetkit.app import build_app
from fleetkit.auth.dependencies import (
    AUTH_RESPONSES,
    TOKEN_IS_OPTIONAL,
    BearerToken,
    CurrentPrincipal,
    ForPrincipal,
    OptionalPrincipal,
)
from fleetkit.auth.principal import ADMIN, Principal
from fleetkit.auth.settings import VerifierSettings
from fleetkit.auth.verifier import token_verifier
from fleetkit.logs import configure_logging
from fleetkit.metrics import new_registry
from fleetkit.settings import ServiceSettings
from fleetkit.testing import running_app
from fleetkit.testing.tokens import JWT_KEY, service_headers, user_headers
from pydantic import SecretStr

router = APIRouter()
log = structlog.get_logger("things")


@router.get("/mine", responses=AUTH_RESPONSES)
async def mine(principal: CurrentPrincipal) -> str:
    log.info("Endpoint ran")
    return principal.subject


@router.get("/administration", responses=AUTH_RESPONSES, dependencies=[Depends(BearerToken(ADMIN))])
async def administration() -> None:
    return None


def _greeting(request: Request, principal: Principal) -> str:
    return f"{request.url.path} for {principal.subject}"


Greeting = Annotated[str, Depends(ForPrincipal(_greeting))]


@router.get("/greeting", responses=AUTH_RESPONSES)
async def greeting(text: Greeting) -> str:
    return text


@router.get("/open", responses=AUTH_RESPONSES, openapi_extra=TOKEN_IS_OPTIONAL)
async def open_to_all(principal: OptionalPrincipal) -> str | None:
    return principal.subject if principal else None


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[Mapping[str, object]]:
    async with token_verifier(VerifierSettings(jwt_secret=SecretStr(JWT_KEY))) as verifier:
        yield {"token_verifier": verifier}


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    app = build_app(
        ServiceSettings(service_name="things"),
        title="things",
        version="1",
        routers=[router],
        lifespan=lifespan,
        readiness={},
        registry=new_registry(),
    )
    async with running_app(app) as client:
        yield client


async def test_gives_the_principal_of_the_token(client: httpx2.AsyncClient) -> None:
    user_id = uuid4()
    answer = await client.get("/mine", headers=user_headers(user_id))
    assert (answer.status_code, answer.json()) == (200, str(user_id))


async def test_makes_what_an_endpoint_works_with_for_the_principal(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/greeting", headers=service_headers("orders"))
    assert (answer.status_code, answer.json()) == (200, "/greeting for service:orders")


async def test_makes_nothing_without_a_token(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/greeting")).status_code == 401


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "unauthorized"),
        ("", "unauthorized"),
        ("Basic YTpi", "unauthorized"),
        ("Bearer", "invalid_token"),
        ("Bearer ", "invalid_token"),
        ("Bearer x.y.z", "invalid_token"),
        ("Bearer " + "x" * 20_000, "invalid_token"),
    ],
)
async def test_asks_for_a_token_by_a_challenge(
    client: httpx2.AsyncClient, authorization: str | None, code: str
) -> None:
    answer = await client.get("/mine", headers={} if authorization is None else {"Authorization": authorization})
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_bad_token_is_refused_where_none_is_needed(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/open")).json() is None
    assert (await client.get("/open", headers=service_headers("orders"))).json() == "service:orders"
    assert (await client.get("/open", headers={"Authorization": "Bearer x"})).status_code == 401


@pytest.mark.parametrize(("role", "status"), [("admin", 200), ("member", 403), ("administrator", 403)])
async def test_lets_roles_pass_and_no_others(client: httpx2.AsyncClient, role: str, status: int) -> None:
    answer = await client.get("/administration", headers=user_headers(uuid4(), role))
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "forbidden"


async def test_log_lines_of_a_request_say_whose_it_is_and_those_of_the_next_do_not(
    client: httpx2.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("things", "INFO")  # to the output that this test captures
    user_id = str(uuid4())
    await client.get("/mine", headers=user_headers(user_id))
    await client.get("/open")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["event"], line.get("user_id")) for line in lines] == [
        ("Endpoint ran", user_id),
        ("Request finished", user_id),
        ("Request finished", None),
    ]


async def test_the_document_says_which_endpoints_need_a_token(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    security = {path: operations["get"].get("security") for path, operations in document["paths"].items()}
    assert security["/mine"] == security["/administration"] == [{"token": []}]
    assert security["/open"] == [{"token": []}, {}]
    assert security["/health/live"] is None
    assert {"401", "403"} <= set(document["paths"]["/mine"]["get"]["responses"])


def test_a_user_may_do_with_the_own_what_others_may_not() -> None:
    user_id = uuid4()
    Principal.of_user(user_id, "member").require_self_or(user_id)
    Principal.of_user(uuid4(), "admin").require_self_or(user_id, ADMIN)
    with pytest.raises(Exception, match="somebody else"):
        Principal.of_user(uuid4(), "member").require_self_or(user_id, ADMIN)
