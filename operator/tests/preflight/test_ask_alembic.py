"""What is done about migrations, by what the image and the database have; and how the script runs a command."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from fastapi_fleet.offline.validation import validate
from fastapi_fleet.preflight.ask_alembic import (
    MOST_REVISIONS,
    REVISION_LIMIT,
    Scripts,
    is_refused,
    judge,
    told,
    tool_of,
)
from fastapi_fleet.preflight.schema_answer import read_schema_answer, schema_script
from support.alembic_scripts import write_scripts
from support.resources import fastapi_service

NONE: frozenset[str] = frozenset()
ONE_HEAD = Scripts(frozenset({"1", "2"}), frozenset({"2"}))
TWO_HEADS = Scripts(frozenset({"1", "2", "3"}), frozenset({"2", "3"}))
NOTHING_WRITTEN = Scripts(NONE, NONE)


def at(*revisions: str) -> list[frozenset[str]]:
    return [frozenset(revisions)]


JUDGED: dict[str, tuple[str, str, Scripts, Sequence[frozenset[str]], str | None]] = {
    "empty database": ("Allow", "head", ONE_HEAD, at(), None),
    "behind": ("Block", "head", ONE_HEAD, at("1"), None),
    "at head": ("Allow", "head", ONE_HEAD, at("2"), "current"),
    "at head, and to be blocked when ahead": ("Block", "head", ONE_HEAD, at("2"), "current"),
    "one of two databases behind": ("Allow", "head", ONE_HEAD, [*at("2"), *at("1")], None),
    "no scripts and nothing in the database": ("Allow", "head", NOTHING_WRITTEN, at(), "current"),
    "ahead": ("Allow", "head", ONE_HEAD, at("9"), "ahead"),
    "ahead, blocked": ("Block", "head", ONE_HEAD, at("9"), "ahead"),
    "ahead on one branch of two": ("Allow", "heads", ONE_HEAD, at("2", "9"), "ahead"),
    "one of two databases ahead": ("Allow", "head", ONE_HEAD, [*at("2"), *at("9")], "ahead"),
    "two heads": ("Allow", "head", TWO_HEADS, at("1"), "several"),
    "two heads, and the database has both": ("Allow", "head", TWO_HEADS, at("2", "3"), "several"),
    "two heads on purpose": ("Allow", "heads", TWO_HEADS, at("1"), None),
    "two heads on purpose, and there": ("Allow", "heads", TWO_HEADS, at("2", "3"), "current"),
    "two heads and ahead": ("Allow", "head", TWO_HEADS, at("9"), "ahead"),
    "another command": ("Allow", "", ONE_HEAD, at("2"), None),
    "another command, ahead": ("Allow", "", ONE_HEAD, at("9"), None),
    "another command, ahead, blocked": ("Block", "", ONE_HEAD, at("9"), "ahead"),
    "another command, two heads": ("Block", "", TWO_HEADS, at("1"), None),
}


@pytest.mark.parametrize(("policy", "target", "scripts", "databases", "outcome"), JUDGED.values(), ids=JUDGED.keys())
def test_command_is_left_out_where_it_need_or_must_not_run(
    policy: str, target: str, scripts: Scripts, databases: Sequence[frozenset[str]], outcome: str | None
) -> None:
    assert judge(policy, target, scripts, databases) == outcome


@pytest.mark.parametrize(
    ("policy", "outcome", "refused"),
    [
        ("Allow", "current", False),
        ("Block", "current", False),
        ("Allow", "ahead", False),
        ("Block", "ahead", True),
        ("Allow", "several", True),
        ("Block", "several", True),
    ],
)
def test_image_is_refused_for_what_a_person_must_mend(policy: str, outcome: str, refused: bool) -> None:  # noqa: FBT001 - a column of the table
    assert is_refused(policy, outcome) is refused


TOOLS: dict[str, tuple[list[str], tuple[str, str, list[str]] | None]] = {
    "program": (["alembic", "upgrade", "head"], ("alembic", "python3", ["upgrade", "head"])),
    "program in a folder": (["/venv/bin/alembic", "upgrade"], ("alembic", "/venv/bin/python3", ["upgrade"])),
    "module": (["python", "-m", "alembic", "upgrade"], ("alembic", "python", ["upgrade"])),
    "module of another Python": (["/opt/python3.12", "-m", "alembic"], ("alembic", "/opt/python3.12", [])),
    "the kit's": (["python3", "-m", "fleetkit.migrate", "db"], ("fleetkit.migrate", "python3", ["db"])),
    "another program": (["migrate"], None),
    "another module": (["python", "-m", "shop.migrate"], None),
    "code": (["python", "-c", "pass"], None),
    "a shell": (["sh", "-c", "alembic upgrade head"], None),
    "a name that only begins so": (["alembic-all"], None),
    "Python alone": (["python"], None),
}


@pytest.mark.parametrize(("command", "tool"), TOOLS.values(), ids=TOOLS.keys())
def test_tool_is_known_by_the_words_of_the_command(command: list[str], tool: tuple[str, str, list[str]] | None) -> None:
    assert tool_of(command) == tool


@pytest.mark.parametrize("command", [command for command, _ in TOOLS.values()], ids=TOOLS.keys())
def test_newer_schema_is_blocked_only_where_the_command_is_known(command: list[str]) -> None:
    shop = fastapi_service(database={"migrations": {"command": command, "onSchemaAhead": "Block"}})
    refused = {problem.field for problem in validate([("shop.yaml", json.dumps(shop))]).problems}
    assert refused == ({"spec.database.migrations.onSchemaAhead"} if tool_of(command) is None else set())


def test_lists_that_are_told_are_bounded() -> None:
    revisions = told(frozenset(f"{number:03}" + "x" * 100 for number in range(50)))
    assert (len(revisions), {len(revision) for revision in revisions}) == (MOST_REVISIONS, {REVISION_LIMIT})
    assert read_schema_answer(json.dumps({"outcome": "several", "heads": revisions})) is not None


@pytest.mark.parametrize(
    "message", ["", "{}", "[]", '{"outcome": "fine"}', '{"outcome": "ahead", "heads": ["' + "x" * 65 + '"]}']
)
def test_answer_of_no_script_of_the_operator_is_none(message: str) -> None:
    assert read_schema_answer(message) is None


class Ended:
    def __init__(self, folder: Path, policy: str, command: Sequence[str], **environment: str) -> None:
        file = folder / "answer"
        process = subprocess.run(  # noqa: S603 - the interpreter of the tests, on the script under test
            [sys.executable, "-c", schema_script(), policy, str(file), *command],
            cwd=folder,
            env={"PATH": f"{Path(sys.executable).parent}{os.pathsep}/usr/bin:/bin", **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.code, self.log, self.is_answered = process.returncode, process.stdout + process.stderr, file.exists()


def program(folder: Path, name: str) -> str:
    """Which says with what it was called, and ends with 7."""
    path = folder / name
    path.write_text('#!/bin/sh\necho "called with $*"\necho "variable $CANARY"\nexit 7\n')
    path.chmod(0o755)
    return str(path)


def test_command_takes_the_place_of_the_script_with_its_words_environment_and_end(tmp_path: Path) -> None:
    ended = Ended(tmp_path, "Allow", [program(tmp_path, "anything"), "a b", "$c"], CANARY="kept")
    assert (ended.code, ended.is_answered) == (7, False)
    assert "called with a b $c\nvariable kept" in ended.log


def test_image_without_scripts_runs_its_command_as_before(tmp_path: Path) -> None:
    ended = Ended(tmp_path, "Block", [program(tmp_path, "alembic"), "upgrade", "head"])
    assert (ended.code, ended.is_answered) == (7, False)
    assert "called with upgrade head" in ended.log


def test_image_without_alembic_runs_its_command_as_before(tmp_path: Path) -> None:
    (tmp_path / "alembic.py").write_text("raise ModuleNotFoundError('No module named alembic')")
    (tmp_path / "fleetkit.py").write_text("")
    ended = Ended(tmp_path, "Block", [sys.executable, "-m", "fleetkit.migrate"])
    assert (ended.code, ended.is_answered) == (1, False)
    assert "Error while finding module specification for 'fleetkit.migrate'" in ended.log
    assert "not known" not in ended.log


def test_folder_that_is_called_as_alembic_is_does_not_hide_it(tmp_path: Path) -> None:
    (tmp_path / "alembic").mkdir()
    (tmp_path / "alembic" / "__init__.py").write_text("raise ImportError('the wrong one')")
    (tmp_path / "bin").mkdir()
    ended = Ended(tmp_path, "Allow", [program(tmp_path / "bin", "alembic"), "upgrade", "head"])
    assert (ended.code, "the wrong one" in ended.log) == (7, False)


FAILING = "raise RuntimeError('no database\\nbut many words')"


def test_what_cannot_be_found_out_is_left_to_the_command(tmp_path: Path) -> None:
    write_scripts(tmp_path, {"one": None}, FAILING)
    ended = Ended(tmp_path, "Allow", [program(tmp_path, "alembic"), "upgrade", "head"])
    assert (ended.code, ended.is_answered) == (7, False)
    assert "It is not known what the database has: RuntimeError: no database\n" in ended.log


def test_what_cannot_be_found_out_is_not_let_in_where_a_newer_schema_would_not_be(tmp_path: Path) -> None:
    write_scripts(tmp_path, {"one": None}, FAILING)
    ended = Ended(tmp_path, "Block", [program(tmp_path, "alembic"), "upgrade", "head"])
    assert (ended.code, ended.is_answered) == (1, False)
    assert ended.log.splitlines()[-1] == "It is not known what the database has: RuntimeError: no database"


def test_environment_that_looks_at_no_database_tells_nothing(tmp_path: Path) -> None:
    write_scripts(tmp_path, {"one": None}, "")
    assert "looks at no database" in Ended(tmp_path, "Block", [program(tmp_path, "alembic"), "upgrade", "head"]).log


def test_words_that_alembic_does_not_know_are_left_to_it(tmp_path: Path) -> None:
    ended = Ended(tmp_path, "Allow", [program(tmp_path, "alembic"), "upgrdae"])
    assert (ended.code, ended.is_answered) == (7, False)
