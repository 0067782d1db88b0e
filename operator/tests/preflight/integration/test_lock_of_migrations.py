"""The lock that a command of Alembic runs under, on a real PostgreSQL server: held by what takes the script's place."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
from fastapi_fleet.preflight.ask_alembic import LOCK_KEY
from fastapi_fleet.preflight.schema_answer import schema_script
from support.alembic_scripts import write_scripts
from support.waiting import until

UPGRADE = ["alembic", "upgrade", "head"]
BIN = Path(sys.executable).parent
LACKING: dict[str, list[str]] = {"asyncpg": [], "psycopg": ["asyncpg"], "psycopg2": ["asyncpg", "psycopg"]}
"""Drivers, each with those that an image must lack to use it."""


def image(folder: Path, driver: str) -> dict[str, str]:
    """The environment of an image that has that driver alone."""
    lacking = folder / "lacking"
    lacking.mkdir()
    for name in LACKING[driver]:
        (lacking / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name}')")
    return {"PATH": f"{BIN}{os.pathsep}/usr/bin:/bin", "PYTHONPATH": str(lacking)}


@contextmanager
def running(folder: Path, environment: dict[str, str], *command: str) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603 - the interpreter of the tests, on the script under test
            [sys.executable, "-c", schema_script(), "Allow", str(folder / "answer"), *command],
            cwd=folder,
            env=environment,
            stderr=log,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def waiting_program(folder: Path) -> tuple[str, Path, Path]:
    """Which writes one file as it begins, and ends when somebody writes to the other."""
    begun, gate = folder / "begun", folder / "gate"
    os.mkfifo(gate)
    program = folder / "alembic"
    program.write_text(f"#!/bin/sh\ntouch {begun}\nread line < {gate}\n")
    program.chmod(0o755)
    return str(program), begun, gate


@pytest.mark.parametrize("driver", LACKING)
async def test_lock_is_held_until_the_command_has_ended(tmp_path: Path, database_url: str, driver: str) -> None:
    other = await asyncpg.connect(database_url)
    program, begun, gate = waiting_program(tmp_path)
    environment = image(tmp_path, driver) | {"DATABASE_URL": database_url}
    with running(tmp_path, environment, program, "upgrade", "head") as process:
        await until(begun.exists)
        assert not await other.fetchval("SELECT pg_try_advisory_lock($1)", LOCK_KEY)
        gate.write_text("go on\n")
        assert process.wait(timeout=30) == 0
    await other.execute("SET lock_timeout = '30s'")
    await other.execute(f"SELECT pg_advisory_lock({LOCK_KEY})")
    await other.close()


async def test_second_one_waits_and_finds_that_nothing_is_left_to_do(tmp_path: Path, database_url: str) -> None:
    first = await asyncpg.connect(database_url)
    await first.execute(f"SELECT pg_advisory_lock({LOCK_KEY})")
    folder = write_scripts(tmp_path / "image", {"one": None})
    environment = image(tmp_path, "asyncpg") | {"DATABASE_URL": database_url}
    with running(folder, environment, *UPGRADE) as process:
        here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        waiting = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND {here}"  # noqa: S608 - no input
        while not await first.fetchval(waiting):
            assert process.poll() is None
        await first.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        await first.execute("INSERT INTO alembic_version VALUES ('one')")
        await first.execute(f"SELECT pg_advisory_unlock({LOCK_KEY})")
        assert process.wait(timeout=30) == 0
    assert '"outcome": "current"' in (folder / "answer").read_text()
    await first.close()


async def test_image_without_a_driver_that_is_known_says_so_and_goes_on(tmp_path: Path) -> None:
    program, _, gate = waiting_program(tmp_path)
    environment = image(tmp_path, "psycopg2") | {"DATABASE_URL": "postgresql://nobody@localhost:1/none"}
    (tmp_path / "lacking" / "psycopg2.py").write_text("raise ModuleNotFoundError('No module named psycopg2')")
    with running(tmp_path, environment, program) as process:
        gate.write_text("go on\n")
        assert process.wait(timeout=30) == 0
    assert "No lock, others may migrate at the same time: ModuleNotFoundError" in (tmp_path / "log").read_text()
