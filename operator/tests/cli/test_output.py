"""Output for programs: every command has it, and what a command did is told in it, alone on standard output."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from fastapi_fleet.cli.app import app
from fastapi_fleet.kube.kinds import JOB
from support.backed_service import PLATFORM
from support.backed_service import SHOP as BACKED
from support.command_line import fleet
from support.commanded_cluster import CommandedCluster
from support.resources import fastapi_service
from typer.core import TyperCommand, TyperGroup


def commands(group: TyperGroup, path: str) -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{path} {name}")
        elif isinstance(command, TyperCommand):
            yield f"{path} {name}", command


EVERY = dict(commands(typer.main.get_group(app), "fleet"))


@pytest.mark.parametrize("path", EVERY)
def test_every_command_speaks_json_and_yaml(path: str) -> None:
    (output,) = (option for option in EVERY[path].params if "-o" in option.opts)
    assert {"json", "yaml"} <= set(getattr(output.type, "choices", ()))


async def told(cluster: CommandedCluster, *arguments: str) -> dict[str, Any]:
    result = await cluster.fleet(*arguments, "-o", "json")
    assert (result.exit_code, result.errors) == (0, "")
    data: dict[str, Any] = json.loads(result.output)
    return data


async def test_what_was_written_is_told_with_the_namespace(cluster: CommandedCluster) -> None:
    await cluster.operator.submit(PLATFORM, BACKED)
    await cluster.operator.roll_out()
    about = {"name": "shop", "namespace": "team"}
    assert await told(cluster, "pause", "shop") == {**about, "paused": True}
    assert await told(cluster, "resume", "shop") == {**about, "paused": False}
    assert await told(cluster, "rollback", "shop", "--end") == {**about, "rollbackTo": None}
    rotated = await told(cluster, "rotate", "shop")
    assert rotated == {**about, "rotate": rotated["rotate"]}


async def test_jobs_that_run_again_are_told(cluster: CommandedCluster) -> None:
    await cluster.operator.submit(fastapi_service(preflight={}))
    (job,) = cluster.server.kube.keys(JOB.name)
    failed = {"conditions": [{"type": "Failed", "status": "True", "message": "BackoffLimitExceeded"}]}
    cluster.server.kube.edit(job, lambda obj: obj.update(status=failed))
    retried = await cluster.fleet("retry", "shop", "-o", "yaml")
    assert yaml.safe_load(retried.output) == {"name": "shop", "namespace": "team", "deleted": [job.name]}


async def test_failure_leaves_standard_output_to_data_alone(cluster: CommandedCluster) -> None:
    result = await cluster.fleet("pause", "shop", "-o", "json")
    assert (result.exit_code, result.output) == (1, "")
    assert "there is no FastAPIService shop" in result.errors


def test_files_of_a_new_service_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = json.loads(fleet("new", "service", "shop", "-o", "json").output)
    assert (made["name"], made["folder"]) == ("shop", "shop")
    assert all((tmp_path / "shop" / file).is_file() for file in made["files"])
