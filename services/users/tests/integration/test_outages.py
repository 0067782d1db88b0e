import httpx2
from app.config import Settings
from app.main import create_app
from fleetkit.testing import eventually, running_app

NOBODY_LISTENS = "127.0.0.1:1"


async def test_serves_without_a_broker(settings: Settings) -> None:
    values = settings.model_dump() | {"rabbitmq_url": f"amqp://user:password@{NOBODY_LISTENS}/%2F"}
    async with running_app(create_app(Settings.model_validate(values))) as client:

        async def is_ready() -> bool:
            return (await client.get("/health/ready")).is_success

        await eventually(is_ready)
        answer = await client.post("/users", json={"email": "ada@example.com", "name": "Ada"})
        assert answer.status_code == 201


async def test_is_alive_but_not_ready_without_a_database(settings: Settings) -> None:
    values = settings.model_dump() | {"database_url": f"postgresql://user:hunter2@{NOBODY_LISTENS}/users"}
    async with running_app(create_app(Settings.model_validate(values))) as client:
        alive, ready = await client.get("/health/live"), await client.get("/health/ready")
        answer = await client.post("/users", json={"email": "ada@example.com", "name": "Ada"})
    assert (alive.status_code, ready.status_code) == (200, 503)
    assert set(ready.json()["parts"]) == {"startup", "database", "schema"}
    assert "hunter2" not in ready.text
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer.headers["retry-after"] == "1"


async def test_says_of_each_part_that_it_is_ready(client: httpx2.AsyncClient) -> None:
    parts = (await client.get("/health/ready")).json()["parts"]
    assert parts == {"startup": "ok", "database": "ok", "schema": "ok"}
