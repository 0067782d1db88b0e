import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from fleetkit.background import Startup, running
from fleetkit.database import Database
from fleetkit.logs import configure_logging
from fleetkit.settings import DatabaseSettings
from pydantic import SecretStr


class BrokenStartup(Startup):
    """What a bug in a migration script is like: nothing that trying again could mend."""

    async def run(self) -> None:
        raise ZeroDivisionError("a bug in a migration script")


@pytest.fixture
def startup() -> Startup:
    settings = DatabaseSettings(database_url=SecretStr("postgresql://user:hunter2@127.0.0.1:1/things"))
    return BrokenStartup(settings, Database(settings, application_name="test"), Path("migrations"))


@pytest.fixture
def told_to_end() -> Iterator[asyncio.Event]:
    event = asyncio.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: event.set())
    yield event
    signal.signal(signal.SIGTERM, before)


async def test_a_start_that_cannot_succeed_ends_the_process_with_the_error(
    startup: Startup, told_to_end: asyncio.Event, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("things", "INFO")  # to the output that this test captures
    with pytest.raises(ZeroDivisionError):
        async with asyncio.timeout(10), running(startup, []):
            await told_to_end.wait()
    written = capsys.readouterr().out
    assert '"level":"critical"' in written
    assert "a bug in a migration script" in written
