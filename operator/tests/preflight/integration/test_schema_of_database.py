"""The script that asks Alembic, as in an image: real scripts, a real PostgreSQL server, processes of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from fastapi_fleet.preflight.ask_alembic import REFUSED
from fastapi_fleet.preflight.schema_answer import read_schema_answer, schema_script
from support.alembic_scripts import write_scripts

BIN = Path(sys.executable).parent
KIT_ENVIRONMENT = (
    "from sqlalchemy import MetaData\nfrom fleetkit.migrations import run_environment\nrun_environment(MetaData())\n"
)

ALEMBIC = ["alembic", "upgrade", "head"]
TO_HEADS = ["alembic", "upgrade", "heads"]
MODULE = ["python", "-m", "alembic", "-c", "alembic.ini", "upgrade", "head"]
KIT = ["python", "-m", "fleetkit.migrate"]

FIRST: Mapping[str, str | None] = {"one": None}
SECOND: Mapping[str, str | None] = {"one": None, "two": "one"}
FORKED: Mapping[str, str | None] = {"one": None, "two": "one", "other": "one"}


@dataclass(frozen=True)
class Ended:
    code: int
    answer: dict[str, Any] | None
    log: str


def run(folder: Path, command: Sequence[str], database_url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - programs of the tests' own environment
        [BIN / command[0], *command[1:]],
        cwd=folder,
        env={"PATH": f"{BIN}{os.pathsep}/usr/bin:/bin", "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def ask(folder: Path, command: Sequence[str], database_url: str, policy: str = "Allow") -> Ended:
    file = folder / "answer"
    done = run(folder, ["python3", "-c", schema_script(), policy, str(file), *command], database_url)
    if not file.exists():
        return Ended(done.returncode, None, done.stdout + done.stderr)
    assert read_schema_answer(file.read_text()) is not None
    return Ended(done.returncode, json.loads(file.read_text()), done.stdout + done.stderr)


def migrated_by(folder: Path, revisions: Mapping[str, str | None], database_url: str) -> None:
    """What another image, with these scripts, has made of the database before."""
    done = run(write_scripts(folder / "before", revisions), TO_HEADS, database_url)
    assert done.returncode == 0, done.stderr


async def revisions_in(database_url: str) -> set[str]:
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return set()
    finally:
        await connection.close()
    return {row["version_num"] for row in rows}


def image(folder: Path, revisions: Mapping[str, str | None], command: Sequence[str] = ALEMBIC) -> Path:
    (folder / "image").mkdir(parents=True)
    if command == KIT:
        return write_scripts(folder / "image", revisions, KIT_ENVIRONMENT)
    return write_scripts(folder / "image", revisions)


@pytest.mark.parametrize("command", [ALEMBIC, MODULE, KIT, TO_HEADS], ids=" ".join)
async def test_empty_database_is_migrated(tmp_path: Path, database_url: str, command: list[str]) -> None:
    ended = ask(image(tmp_path, SECOND, command), command, database_url, "Block")
    assert (ended.code, ended.answer) == (0, None), ended.log
    assert await revisions_in(database_url) == {"two"}


async def test_database_that_is_behind_is_migrated(tmp_path: Path, database_url: str) -> None:
    migrated_by(tmp_path, FIRST, database_url)
    ended = ask(image(tmp_path, SECOND), ALEMBIC, database_url)
    assert (ended.code, ended.answer, await revisions_in(database_url)) == (0, None, {"two"}), ended.log


@pytest.mark.parametrize("command", [ALEMBIC, MODULE, KIT, TO_HEADS], ids=" ".join)
async def test_database_at_head_is_left_alone(tmp_path: Path, database_url: str, command: list[str]) -> None:
    migrated_by(tmp_path, SECOND, database_url)
    ended = ask(image(tmp_path, SECOND, command), command, database_url)
    assert (ended.code, ended.answer) == (
        0,
        {"outcome": "current", "heads": ["two"], "database": ["two"], "unknown": []},
    ), ended.log


@pytest.mark.parametrize("command", [ALEMBIC, MODULE, KIT, TO_HEADS], ids=" ".join)
@pytest.mark.parametrize(("policy", "code"), [("Allow", 0), ("Block", REFUSED)])
async def test_database_that_is_ahead_is_left_alone(
    tmp_path: Path, database_url: str, command: list[str], policy: str, code: int
) -> None:
    migrated_by(tmp_path, SECOND, database_url)
    ended = ask(image(tmp_path, FIRST, command), command, database_url, policy)
    assert (ended.code, ended.answer) == (
        code,
        {"outcome": "ahead", "heads": ["one"], "database": ["two"], "unknown": ["two"]},
    ), ended.log
    assert await revisions_in(database_url) == {"two"}


@pytest.mark.parametrize("command", [ALEMBIC, MODULE, KIT], ids=" ".join)
async def test_several_heads_are_named_before_anything_runs(
    tmp_path: Path, database_url: str, command: list[str]
) -> None:
    ended = ask(image(tmp_path, FORKED, command), command, database_url)
    assert ended.answer is not None, ended.log
    assert (ended.code, ended.answer["outcome"], ended.answer["heads"]) == (REFUSED, "several", ["other", "two"])
    assert await revisions_in(database_url) == set()


async def test_several_heads_that_are_wanted_are_run_once(tmp_path: Path, database_url: str) -> None:
    folder = image(tmp_path, FORKED)
    assert ask(folder, TO_HEADS, database_url).answer is None
    assert await revisions_in(database_url) == {"two", "other"}
    ended = ask(folder, TO_HEADS, database_url)
    assert ended.answer is not None
    assert ended.answer["outcome"] == "current"


async def test_command_that_is_no_upgrade_to_the_newest_is_run(tmp_path: Path, database_url: str) -> None:
    migrated_by(tmp_path, SECOND, database_url)
    ended = ask(image(tmp_path, SECOND), ["alembic", "downgrade", "one"], database_url)
    assert (ended.code, ended.answer, await revisions_in(database_url)) == (0, None, {"one"}), ended.log


async def test_database_that_does_not_answer_is_told_by_the_command(tmp_path: Path, database_url: str) -> None:
    refused = database_url.rsplit(":", 1)[0] + ":1/none"
    ended = ask(image(tmp_path, FIRST), ALEMBIC, refused)
    assert (ended.code, ended.answer) == (1, None)
    assert "It is not known what the database has: " in ended.log
    assert "ConnectionRefusedError" in ended.log.splitlines()[-1]


async def test_nothing_is_made_by_asking(tmp_path: Path, database_url: str) -> None:
    ended = ask(image(tmp_path, FORKED), ALEMBIC, database_url)
    assert ended.code == REFUSED, ended.log
    connection = await asyncpg.connect(database_url)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    assert tables == []
