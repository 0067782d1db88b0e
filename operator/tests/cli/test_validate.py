"""`fleet validate`, as people and programs call it."""

import json
from pathlib import Path

import yaml
from support.command_line import fleet

GOOD = """\
apiVersion: fastapi-fleet.io/v1alpha1
kind: FastAPIService
metadata: {name: shop}
spec: {image: registry.example/shop:1}
"""

BAD = """\
apiVersion: fastapi-fleet.io/v1alpha1
kind: FastAPIService
metadata:
  name: shop
spec:
  image: registry.example/shop:1
  replica: 2
  port: http
"""

WRONG = [
    "FastAPIService shop: spec.replica: unknown field; did you mean replicas?",
    "FastAPIService shop: spec.port: input should be a valid integer",
]


def test_good_file_ends_with_0() -> None:
    result = fleet("validate", "-", given=GOOD)
    assert (result.exit_code, result.output) == (0, "no errors in 1 resource\n")


def test_every_error_is_told_with_file_line_and_field(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(BAD)
    (tmp_path / "good.yaml").write_text(GOOD.replace("shop", "users"))
    result = fleet("validate", str(tmp_path / "bad.yaml"), str(tmp_path / "good.yaml"))
    assert result.exit_code == 1
    *lines, summary = result.output.splitlines()
    assert lines == [f"{tmp_path}/bad.yaml:7: {WRONG[0]}", f"{tmp_path}/bad.yaml:8: {WRONG[1]}"]
    assert summary == "2 errors in 2 resources"


def test_programs_get_the_same_in_json_and_yaml() -> None:
    in_json, in_yaml = (fleet("validate", "-", "-o", output, given=BAD) for output in ("json", "yaml"))
    assert json.loads(in_json.output) == yaml.safe_load(in_yaml.output)
    assert in_json.exit_code == in_yaml.exit_code == 1
    found = json.loads(in_json.output)
    assert (found["resources"], found["others"]) == (1, 0)
    assert found["problems"][0] == {
        "file": "stdin",
        "line": 7,
        "message": "unknown field; did you mean replicas?",
        "kind": "FastAPIService",
        "name": "shop",
        "field": "spec.replica",
    }


def test_file_that_cannot_be_read_ends_with_2_and_a_cure(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    for name, said in (
        (tmp_path / "none.yaml", "No such file"),
        (tmp_path, "is a folder"),
        (tmp_path / "latin.yaml", "UTF-8"),
    ):
        result = fleet("validate", str(name))
        assert (result.exit_code, result.output) == (2, "")
        assert said in result.errors
        assert "YAML files" in result.errors or "*.yaml" in result.errors


def test_words_in_brackets_are_printed_as_they_are() -> None:
    result = fleet("validate", "-", given=GOOD.replace("name: shop", "name: '[red]shop'"))
    assert "FastAPIService [red]shop: metadata.name" in result.output


def test_help_has_examples() -> None:
    assert "fleet validate" in fleet("validate", "--help").output
