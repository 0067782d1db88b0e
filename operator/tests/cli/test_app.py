"""What the commands of `fleet` have in common."""

import subprocess
import sys
from importlib.metadata import entry_points, version

import pytest
from fastapi_fleet.cli.main import main
from support.command_line import fleet

NAMES = ("fleet", "kubectl-fleet")


@pytest.mark.parametrize("name", NAMES)
def test_command_is_installed_under_both_names(name: str) -> None:
    (found,) = entry_points(group="console_scripts", name=name)
    assert found.load() is main


def test_version_is_that_of_the_distribution() -> None:
    result = fleet("--version")
    assert (result.exit_code, result.output.strip()) == (0, version("fastapi-fleet-operator"))


def test_without_a_command_the_help_is_shown() -> None:
    assert "Exit codes" in fleet().output


def test_plugin_of_kubectl_calls_itself_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/local/bin/kubectl-fleet", "--help"])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert "Usage: kubectl fleet" in capsys.readouterr().out


def test_plugin_of_kubectl_leaves_completion_to_kubectl(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/local/bin/kubectl-fleet", "--help"])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert "completion" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["ro"], "rollback\nrotate\n:4\n"),
        (["openapi", ""], "diff\n:4\n"),
        (["status", "--out"], "--output\n:4\n"),
        (["validate", ""], ":0\n"),
    ],
)
def test_kubectl_is_told_what_completes_its_plugin(words: list[str], printed: str) -> None:
    (command,) = entry_points(group="console_scripts", name="kubectl_complete-fleet")
    code = f"from {command.module} import {command.attr}; {command.attr}()"
    result = subprocess.run(  # noqa: S603 - the interpreter of the tests
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout == printed


def test_interrupt_while_it_starts_ends_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fastapi_fleet.cli.app.app", interrupt)
    with pytest.raises(SystemExit, match="130"):
        main()


def test_operator_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typer", None)
    with pytest.raises(SystemExit, match=r"pip install 'fastapi-fleet-operator\[cli\]'"):
        main()


def test_operator_itself_imports_nothing_of_the_command_line() -> None:
    code = (
        "import sys, fastapi_fleet.__main__;"
        "print(sorted({'typer', 'cel', 'fastapi_fleet.cli', 'fastapi_fleet.offline'} & sys.modules.keys()))"
    )
    result = subprocess.run(  # noqa: S603 - the interpreter of the tests
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.strip() == "[]"
