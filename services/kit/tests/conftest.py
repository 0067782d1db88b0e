import pytest
from fleetkit.logs import configure_logging


@pytest.fixture(autouse=True)
def logs() -> None:
    """What a service would log, and no more: tracebacks in colour with every local variable take longer than tests."""
    configure_logging("kit-tests", "INFO")
