from typing import Annotated

from fastapi import Depends, FastAPI
from fleetkit.testing.threads import run_in_threads


def plain() -> int:
    return 1


async def asynchronous(number: Annotated[int, Depends(plain)]) -> int:
    return number


class Callable:
    async def __call__(self) -> int:
        return 1


def test_finds_what_a_thread_is_needed_for_however_deep() -> None:
    app = FastAPI()

    @app.get("/")
    async def endpoint(
        _number: Annotated[int, Depends(asynchronous)], _other: Annotated[int, Depends(Callable())]
    ) -> None:
        return None

    assert run_in_threads(app) == {"plain"}
