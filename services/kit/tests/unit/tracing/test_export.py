import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from fleetkit.testing import eventually
from fleetkit.testing.collector import trace_collector
from fleetkit.tracing.export import OtlpExport
from fleetkit.tracing.process import traced
from fleetkit.tracing.spans import is_tracing, span


@pytest.fixture
async def silent_url() -> AsyncIterator[str]:
    """A collector that takes connections and answers nothing before the end of the test; then it refuses."""
    released = asyncio.Event()

    async def hold(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    released.set()
    # A thread that went on would draw random numbers while other tests count on theirs.
    await eventually(nobody_flushes)
    server.close()


async def nobody_flushes() -> bool:
    return all(thread.name != "flush-traces" for thread in threading.enumerate())


async def test_sends_what_is_left_at_the_end() -> None:
    async with trace_collector() as collector:
        async with traced(OtlpExport(collector.url, service="things", version="1")):
            with span("last work"):
                pass
        assert collector.named("last work").service == "things"
    assert not is_tracing()


async def test_gives_up_on_a_collector_that_does_not_answer(
    silent_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    export = OtlpExport(silent_url, service="things", version="1", flush_timeout=0.1)
    async with asyncio.timeout(3):  # the exporter's own limit is five seconds
        async with traced(export):
            with span("work"):
                pass
    assert "Traces were not sent in time" in capsys.readouterr().out


async def test_keeps_no_message_of_an_error() -> None:
    async with trace_collector() as collector:
        async with traced(OtlpExport(collector.url, service="things", version="1")):
            with pytest.raises(ValueError, match="hunter2"), span("work"):
                raise ValueError("hunter2")
        work = collector.named("work")
    assert work.failed
    assert dict(work.attributes) == {"error.type": "ValueError"}
