from typing import Annotated, Any

import httpx2
from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from fleetkit.routes import add_routes, try_documents_last

RESPONSES: dict[int | str, dict[str, Any]] = {503: {"description": "Away"}}


async def colour() -> str:
    return "green"


async def refuse() -> None:
    raise AssertionError("This is overridden")


def make_router() -> APIRouter:
    router = APIRouter(prefix="/things", tags=["things"], dependencies=[Depends(refuse)], responses={401: {}})

    @router.post("/{thing}", status_code=201, response_class=PlainTextResponse, responses={409: {}}, deprecated=True)
    async def paint(thing: str, chosen: Annotated[str, Depends(colour)]) -> str:
        return f"{thing} is {chosen}"

    return router


async def refuse_nobody() -> None: ...


async def answer(app: FastAPI, method: str, path: str) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as client:
        return await client.request(method, path)


def make_app(router: APIRouter) -> FastAPI:
    app = FastAPI()
    add_routes(app, router, responses=RESPONSES)
    return app


async def test_an_added_route_answers_as_declared_and_its_dependencies_can_be_replaced() -> None:
    app = make_app(make_router())
    app.dependency_overrides[refuse] = refuse_nobody
    answered = await answer(app, "POST", "/things/box")
    assert (answered.status_code, answered.text) == (201, "box is green")
    assert (await answer(app, "GET", "/things/box")).status_code == 405


def test_a_document_is_the_same_as_of_an_included_router() -> None:
    included = FastAPI()
    included.include_router(make_router(), responses=RESPONSES)
    assert make_app(make_router()).openapi() == included.openapi()


def test_a_route_of_a_router_is_one_of_the_application() -> None:
    app = make_app(make_router())
    assert [route.path for route in app.routes if isinstance(route, APIRoute)] == ["/things/{thing}"]


async def test_a_router_within_a_router_answers() -> None:
    outer = APIRouter()
    outer.include_router(make_router(), prefix="/outer")
    app = make_app(outer)
    app.dependency_overrides[refuse] = refuse_nobody
    assert (await answer(app, "POST", "/outer/things/box")).status_code == 201


async def test_documents_answer_though_they_are_tried_last() -> None:
    app = FastAPI()
    documents = len(app.routes)
    add_routes(app, make_router(), responses=RESPONSES)
    try_documents_last(app, documents)
    assert isinstance(app.routes[0], APIRoute)
    assert (await answer(app, "GET", "/openapi.json")).status_code == 200
