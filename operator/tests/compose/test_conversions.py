"""What Compose files come to, word for word: objects and notes.

`pytest --update-golden` writes the files anew; their diff then tells what has changed.
"""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.command_line import Ended, fleet

HERE = Path(__file__).parent
DATA = HERE.parent / "data" / "compose"
PROJECT = HERE.parents[2]
CASES = sorted(DATA.iterdir())
OWN = "this-project"
CANARIES = ("canary", "-development", "development-only")


def source(case: Path) -> Path:
    return PROJECT / "compose.yaml" if case.name == OWN else case / "compose.yaml"


def converted(case: Path) -> Ended:
    # A work tree may have an .env of its own, with the images that were built in it.
    options = ["--env-file", os.devnull] if case.name == OWN else []
    ended = fleet("from-compose", *options, str(source(case)))
    assert ended.exit_code == 0, ended.errors
    return ended


def objects(case: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(converted(case).output))


def notes(case: Path) -> str:
    return converted(case).errors.replace(f"{source(case)}", source(case).name)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_file_becomes_what_is_expected(case: Path, request: pytest.FixtureRequest) -> None:
    expected, told = case / "expected.yaml", case / "notes.txt"
    if request.config.getoption("--update-golden"):
        expected.write_text(converted(case).output)
        told.write_text(notes(case))
    assert objects(case) == list(yaml.safe_load_all(expected.read_text()))
    assert notes(case) == told.read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_result_is_valid_by_every_rule_of_the_api(case: Path) -> None:
    judged = fleet("validate", "-", given=converted(case).output)
    assert judged.exit_code == 0, judged.output


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_value_of_a_secret_gets_out(case: Path) -> None:
    ended = converted(case)
    assert not [canary for canary in CANARIES if canary in ended.output + ended.errors]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_service_of_a_file_is_carried_over_or_told_of(case: Path) -> None:
    names = yaml.safe_load(source(case).read_text().replace("!override", "").replace("!reset", ""))["services"]
    carried = {item["metadata"]["name"] for item in objects(case)}
    assert [name for name in names if name not in carried and f"services.{name}: " not in notes(case)] == []


def test_own_file_comes_near_to_what_is_deployed_to_a_cluster() -> None:
    """What is missing is what no Compose file tells: migrations and event types; the rest differs in detail only."""
    platform, users, orders = objects(DATA / OWN)
    deployed = [
        yaml.safe_load((PROJECT / path).read_text())
        for path in (
            "hack/cluster/platform.yaml",
            "services/users/fastapiservice.yaml",
            "services/orders/fastapiservice.yaml",
        )
    ]
    assert platform["spec"] == deployed[0]["spec"]
    for mine, theirs in zip((users, orders), deployed[1:], strict=True):
        assert mine["metadata"] == theirs["metadata"]
        assert theirs["spec"].keys() <= mine["spec"].keys()
        for field in ("image", "extraPorts", "services"):
            assert mine["spec"].get(field) == theirs["spec"].get(field)
        assert variables(mine) >= variables(theirs) - {"LOG_LEVEL"}


def test_services_that_shared_a_secret_share_its_key() -> None:
    _, users, orders = objects(DATA / OWN)
    keys = [{secret["env"]: secret["key"] for secret in service["spec"]["secrets"]} for service in (users, orders)]
    assert keys[0]["JWT_SECRET"] == keys[1]["JWT_SECRET"]
    assert keys[0]["SERVICE_CLIENTS__ORDERS"] == keys[1]["SERVICE_CLIENT_SECRET"]


def variables(service: dict[str, Any]) -> set[str]:
    return {*service["spec"].get("config", {}), *(secret["env"] for secret in service["spec"].get("secrets", ()))}
