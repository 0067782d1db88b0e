"""`fleet from-compose` as a command; what files come to is in tests/compose."""

import json
from pathlib import Path

import pytest
import yaml
from support.command_line import fleet

FILE = "services:\n  shop:\n    image: shop:${TAG:-1}\n    profiles: [all]\n  other: {image: 'other:1'}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "compose.yaml"
    path.write_text(FILE)
    return path


def images(output: str) -> list[str]:
    return [item["spec"]["image"] for item in yaml.safe_load_all(output)]


def test_objects_go_to_standard_output_and_notes_beside_them(file: Path) -> None:
    ended = fleet("from-compose", str(file))
    assert ended.exit_code == 0
    assert images(ended.output) == ["other:1"]
    assert f"{file}:2: left out: services.shop: its profile is off" in ended.errors


def test_json_is_one_list(file: Path) -> None:
    ended = fleet("from-compose", str(file), "-o", "json", "--profile", "all")
    assert [item["metadata"]["name"] for item in json.loads(ended.output)["items"]] == ["shop", "other"]


def test_services_can_be_skipped(file: Path) -> None:
    assert images(fleet("from-compose", str(file), "--profile", "*", "--skip", "other").output) == ["shop:1"]


def test_standard_input_is_read() -> None:
    assert images(fleet("from-compose", "-", "--profile", "all", given=FILE).output) == ["shop:1", "other:1"]


def test_variables_come_from_files_and_from_what_is_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("from-compose", str(file), "--profile", "all", "--skip", "other")
    monkeypatch.setenv("TAG", "machine")
    assert images(fleet(*arguments).output) == ["shop:1"], "the machine's environment is not asked"
    (file.parent / ".env").write_text("TAG=file")
    assert images(fleet(*arguments).output) == ["shop:file"]
    (file.parent / "other.env").write_text("TAG=other")
    assert images(fleet(*arguments, "--env-file", str(file.parent / "other.env")).output) == ["shop:other"]
    assert images(fleet(*arguments, "--use-environment").output) == ["shop:machine"]
    assert images(fleet(*arguments, "--use-environment", "--set", "TAG=said").output) == ["shop:said"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gone.yaml",), "cannot read gone.yaml"),
        (("/",), "is a folder"),
        (("-", "--set", "TAG"), "not NAME=VALUE"),
    ],
)
def test_what_cannot_be_done_is_told(arguments: tuple[str, ...], said: str) -> None:
    ended = fleet("from-compose", *arguments, given=FILE)
    assert (ended.exit_code, ended.output) == (2, "")
    assert said in ended.errors


def test_file_that_cannot_be_converted_is_told_with_its_lines() -> None:
    ended = fleet("from-compose", "-", given="services:\n  a:\n    image: ${IMAGE:?name it}\n")
    assert (ended.exit_code, ended.output) == (2, "")
    assert "services.a.image (line 3): the variable IMAGE has no value: name it" in ended.errors
