"""`fleet openapi diff`: what it prints, and how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.command_line import Ended, fleet
from support.openapi import answering

BEFORE = answering({"type": "object", "properties": {"a": {"type": "string"}}})
MORE = answering({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}})
FIELD = "#/paths/~1users/get/responses/200/content/application~1json/schema/properties/b"


def diff(folder: Path, before: Any, after: Any, *options: str) -> Ended:
    (folder / "old.json").write_text(json.dumps(before))
    (folder / "new.yaml").write_text(yaml.safe_dump(after))
    return fleet("openapi", "diff", str(folder / "old.json"), str(folder / "new.yaml"), *options)


def test_what_breaks_is_told_with_its_place_and_ends_with_1(tmp_path: Path) -> None:
    ended = diff(tmp_path, MORE, BEFORE)
    assert ended.exit_code == 1
    assert ended.output.splitlines() == [
        "breaking  GET /users: `b` in the answer 200 does not come any more",
        f"  response-field-removed, {tmp_path}/old.json {FIELD}",
        "1 breaking, 0 not breaking",
    ]


def test_what_does_not_break_is_told_and_ends_with_0(tmp_path: Path) -> None:
    ended = diff(tmp_path, BEFORE, MORE)
    assert ended.exit_code == 0
    assert ended.output.splitlines() == [
        "not breaking  GET /users: `b` in the answer 200 is new",
        f"  response-field-added, {tmp_path}/new.yaml {FIELD}",
        "0 breaking, 1 not breaking",
    ]


@pytest.mark.parametrize(("option", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_findings_can_be_read_by_programs(tmp_path: Path, option: str, read: Any) -> None:
    ended = diff(tmp_path, MORE, BEFORE, "-o", option)
    assert ended.exit_code == 1
    assert read(ended.output) == {
        "breaking": 1,
        "findings": [
            {
                "rule": "response-field-removed",
                "severity": "breaking",
                "operation": "GET /users",
                "document": "old",
                "pointer": FIELD,
                "message": "`b` in the answer 200 does not come any more",
            }
        ],
    }


def test_a_document_comes_from_standard_input(tmp_path: Path) -> None:
    known = tmp_path / "old.json"
    known.write_text(json.dumps(BEFORE))
    ended = fleet("openapi", "diff", str(known), "-", given=json.dumps(MORE))
    assert f"stdin {FIELD}" in ended.output


def test_a_document_that_cannot_be_compared_is_named_with_the_place(tmp_path: Path) -> None:
    ended = diff(tmp_path, BEFORE, answering({"type": "text"}))
    assert ended.exit_code == 2
    assert f"{tmp_path}/new.yaml: #/paths/~1users/get/responses/200" in ended.errors
    assert "text is no type" in ended.errors


UNREADABLE = {
    "an address": (["https://example.com/openapi.json", "-"], "", "a URL, and none is called"),
    "one input for both": (["-", "-"], "", "both documents"),
    "no file": (
        ["missing.json", "-"],
        "",
        "cannot read missing.json: No such file or directory\n  Name OpenAPI documents, or -",
    ),
}


@pytest.mark.parametrize("given", UNREADABLE)
def test_what_cannot_be_read_ends_with_2(given: str) -> None:
    arguments, text, problem = UNREADABLE[given]
    ended = fleet("openapi", "diff", *arguments, given=text)
    assert ended.exit_code == 2
    assert problem in ended.errors


@pytest.mark.parametrize(
    ("text", "line"),
    [('{\n"a": ', "line 2"), ("a: b\nc: [", "line 2"), ("a: \x07", "stdin"), ("a: 2020-13-45", "stdin")],
)
def test_text_that_is_no_document_is_told_with_its_line(tmp_path: Path, text: str, line: str) -> None:
    known = tmp_path / "old.json"
    known.write_text(json.dumps(BEFORE))
    ended = fleet("openapi", "diff", str(known), "-", given=text)
    assert ended.exit_code == 2
    assert "stdin is neither JSON nor YAML" in ended.errors
    assert line in ended.errors
