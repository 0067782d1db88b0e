"""Options and settings of the whole suite."""

import pytest
from hypothesis import settings

settings.register_profile("fleet", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("fleet")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="Write what is rendered as what is expected.")
