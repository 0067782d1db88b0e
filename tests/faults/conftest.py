"""Both services on backends that may be broken, and what a test run measured."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from customer import Customer
from two_services import Fleet, running_fleet


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def long_lived() -> AsyncIterator[Fleet]:
    """The services, which have to outlive every fault of a test run."""
    async with running_fleet() as fleet:
        yield fleet


@pytest_asyncio.fixture(loop_scope="session")
async def fleet(long_lived: Fleet) -> AsyncIterator[Fleet]:
    """Both services, ready; afterwards nothing may have happened to them that nobody has thought of."""
    yield long_lived
    assert long_lived.take_unexpected_lines() == []


@pytest_asyncio.fixture(loop_scope="session")
async def ada(fleet: Fleet) -> Customer:
    """A user of the services who has not ordered yet."""
    return await Customer.register(fleet)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the figures that tests recorded."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid.partition('::')[2]}: {name} {value}")
