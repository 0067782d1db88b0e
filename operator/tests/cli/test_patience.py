"""What takes long is told while it lasts, to people alone."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from fastapi_fleet.cli import patience
from support.command_line import fleet
from support.commanded_cluster import CommandedCluster
from support.resources import fastapi_service


class TimerThatIsOver:
    """A moment after which everything takes long."""

    daemon = False

    def __init__(self, _seconds: float, call: Callable[[], None]) -> None:
        self._call = call

    def start(self) -> None:
        self._call()

    def cancel(self) -> None: ...

    def join(self) -> None: ...


@pytest.fixture(autouse=True)
def everything_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "Timer", TimerThatIsOver)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")


@pytest.fixture
def shop(tmp_path: Path) -> str:
    file = tmp_path / "shop.yaml"
    file.write_text(yaml.safe_dump(fastapi_service(database={})))
    return str(file)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("command", ["status", "status shop", "pause shop", "logs shop"])
async def test_commands_say_that_they_ask_the_cluster(cluster: CommandedCluster, command: str) -> None:
    await cluster.operator.submit(fastapi_service())
    result = await cluster.fleet(*command.split())
    assert "asking the cluster …" in result.errors
    assert "asking" not in result.output


@pytest.mark.usefixtures("terminal")
async def test_preview_says_that_it_asks_the_cluster(cluster: CommandedCluster, shop: str) -> None:
    assert "asking the cluster …" in (await cluster.fleet("diff", shop)).errors


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(("command", "words"), [("validate", "reading every"), ("render", "rendering …")])
def test_work_on_files_is_told(shop: str, command: str, words: str) -> None:
    result = fleet(command, shop)
    assert (words in result.errors, words in result.output) == (True, False)


def test_nothing_of_it_is_written_to_a_file(shop: str) -> None:
    result = fleet("validate", shop)
    assert (result.output, result.errors) == ("no errors in 1 resource\n", "")
