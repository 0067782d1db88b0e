"""Options and settings of the whole suite."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings
from support.commanded_cluster import CommandedCluster, commanded_cluster

settings.register_profile("fleet", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("fleet")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="Write what is rendered as what is expected.")


@pytest.fixture
async def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CommandedCluster]:
    """What the commands of this process ask."""
    async with commanded_cluster(tmp_path, monkeypatch) as cluster:
        yield cluster
