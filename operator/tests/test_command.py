"""The operator's command, as it is started."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from fastapi_fleet.__main__ import main
from fastapi_fleet.config import OperatorSettings
from support.api_server import free_port, write_kubeconfig

Captured = pytest.CaptureFixture[str]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("FLEET_", "KUBE"))}
    return subprocess.run(  # noqa: S603 - the interpreter of the tests, on the package under test
        [sys.executable, "-m", "fastapi_fleet", *arguments],
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_setting_and_the_default() -> None:
    result = run("--help")
    assert result.returncode == 0
    for name in OperatorSettings.model_fields:
        assert f"FLEET_{name.upper()}" in result.stdout
    assert "Default: 8080" in result.stdout


def test_version_is_that_of_the_distribution(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fastapi-fleet-operator", "--version"])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert capsys.readouterr().out.strip() == version("fastapi-fleet-operator")


def test_bad_settings_are_named_all_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fastapi-fleet-operator"])
    monkeypatch.setenv("FLEET_WORKERS", "0")
    monkeypatch.setenv("FLEET_PORT", "http")
    with pytest.raises(SystemExit, match="2"):
        main()
    assert [line.partition(":")[0] for line in capsys.readouterr().err.splitlines()] == ["FLEET_WORKERS", "FLEET_PORT"]


def test_cluster_that_does_not_answer_ends_the_process_with_one_line(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "config"
    write_kubeconfig(kubeconfig, "http://127.0.0.1:9")
    result = run(KUBECONFIG=str(kubeconfig), FLEET_PORT=str(free_port()))
    assert result.returncode == 1
    (line,) = result.stdout.splitlines()
    assert json.loads(line)["event"] == "Operator cannot run"
    assert result.stderr == ""
