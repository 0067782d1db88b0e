import httpx2
from app.config import Settings
from app.main import create_app
from fleetkit.testing import eventually, running_app


async def serves(settings: Settings) -> tuple[bool, bool]:
    """Whether a ready process answers under the service's own paths, and whether it carries events."""
    async with running_app(create_app(settings)) as client:

        async def is_ready() -> bool:
            return (await client.get("/health/ready")).is_success

        await eventually(is_ready)
        own = await client.get("/users")
        metrics = await client.get("/metrics")
    return own.status_code != httpx2.codes.NOT_FOUND, "broker_connected" in metrics.text


async def test_one_process_serves_requests_and_carries_events(settings: Settings) -> None:
    assert await serves(settings) == (True, True)


async def test_a_web_process_leaves_events_to_others(settings: Settings) -> None:
    assert await serves(settings.model_copy(update={"process": "web"})) == (True, False)


async def test_a_worker_process_carries_events_and_serves_no_requests(settings: Settings) -> None:
    assert await serves(settings.model_copy(update={"process": "worker"})) == (False, True)
