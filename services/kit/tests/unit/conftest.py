from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Form
from fleetkit.app import build_app
from fleetkit.health import NotReadyError
from fleetkit.metrics import new_registry
from fleetkit.problems import ConflictError, UnavailableError
from fleetkit.request_id import current_request_id
from fleetkit.settings import ServiceSettings
from fleetkit.testing import running_app
from pydantic import BaseModel, SecretStr


class Settings(ServiceSettings):
    service_name: str = "things"
    colour: str = "green"
    password: SecretStr = SecretStr("hunter2")


class NameTakenError(ConflictError):
    code = "name_taken"


class Thing(BaseModel):
    name: str
    size: int


class Part:
    """A part of the service that a test can break."""

    problem: str | None = None

    async def check(self) -> None:
        if self.problem:
            raise NotReadyError(self.problem)


def make_router() -> APIRouter:
    router = APIRouter()

    @router.post("/things")
    async def create(thing: Thing) -> Thing:
        if thing.name == "taken":
            raise NameTakenError("There is such a thing")
        return thing

    @router.get("/things")
    async def list_all() -> list[Thing]:
        return []

    @router.post("/form")
    async def fill_in(thing: Annotated[Thing, Form()]) -> Thing:
        return thing

    @router.get("/broken")
    async def broken() -> None:
        secret = "hunter2"
        raise RuntimeError(f"no luck with {secret}")

    @router.get("/away")
    async def away() -> None:
        raise UnavailableError("Come back later")

    @router.get("/request-id")
    async def request_id() -> str | None:
        return current_request_id()

    shelves = APIRouter()

    @shelves.get("/{shelf}/things")
    async def things_on_shelf(shelf: str) -> list[Thing]:
        return []

    router.include_router(shelves, prefix="/shelves")
    return router


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[Mapping[str, object]]:
    yield {}


@pytest.fixture
def part() -> Part:
    return Part()


@pytest.fixture
def app(part: Part) -> FastAPI:
    return build_app(
        Settings(),
        title="things",
        version="1",
        routers=[make_router()],
        lifespan=lifespan,
        readiness={"part": part.check},
        registry=new_registry(),
    )


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with running_app(app) as client:
        yield client
