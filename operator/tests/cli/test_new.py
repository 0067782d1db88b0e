"""`fleet new service`: what it makes passes its own tests and checks at once."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from support.command_line import fleet

NAME = "shop-window"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a new service."""
    folder = tmp_path_factory.mktemp("new") / NAME
    result = fleet("new", "service", NAME, "--folder", str(folder))
    assert (result.exit_code, result.errors) == (0, "")
    assert str(folder / "README.md") in result.output
    return folder


def files(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and not {part for part in path.parts if part.endswith(("_cache", "__pycache__"))}
    }


def run(folder: Path, *command: str) -> None:
    """Raises with its output where it fails."""
    result = subprocess.run(  # noqa: S603 - the tools of these tests
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False, timeout=540
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_it_has_the_layout_of_the_guide(made: Path) -> None:
    assert {
        "app/main.py",
        "app/config.py",
        "app/dependencies.py",
        "app/models/greeting.py",
        "app/routers/greetings.py",
        "app/schemas/greetings.py",
        "app/services/greetings.py",
        "tests/api/test_greetings.py",
        ".github/workflows/ci.yaml",
        "Dockerfile",
        "README.md",
        "fastapiservice.yaml",
        "pyproject.toml",
    } <= files(made)


def test_its_name_stands_wherever_it_belongs_and_no_placeholder_is_left(made: Path) -> None:
    texts = {name: (made / name).read_text() for name in files(made)}
    assert not [name for name, text in texts.items() if "@name@" in text or name.endswith(".tmpl")]
    for name in ("app/main.py", "pyproject.toml", "Dockerfile", "README.md", "fastapiservice.yaml"):
        assert NAME in texts[name]


def test_its_tests_pass(made: Path) -> None:
    run(made, "pytest", "-q", "-p", "no:cacheprovider")


def test_it_is_formatted_and_breaks_no_rule(made: Path) -> None:
    run(made, "ruff", "format", "--check", "--no-cache", ".")
    run(made, "ruff", "check", "--no-cache", ".")


def test_its_types_hold(made: Path) -> None:
    run(made, "mypy", "app", "tests")


def test_its_resource_is_valid_and_rendered(made: Path) -> None:
    file = str(made / "fastapiservice.yaml")
    assert fleet("validate", file).exit_code == 0
    rendered = json.loads(fleet("render", file, "-o", "json").output)["items"]
    assert {("Deployment", NAME), ("Service", NAME)} <= {(item["kind"], item["metadata"]["name"]) for item in rendered}


def test_its_workflow_runs_every_check(made: Path) -> None:
    workflow = yaml.safe_load((made / ".github/workflows/ci.yaml").read_text())
    steps = [step.get("run", "") for step in workflow["jobs"]["test"]["steps"]]
    for check in ("ruff format --check", "ruff check", "mypy", "pytest", "docker build"):
        assert any(check in step for step in steps), check


def test_its_folder_is_named_after_it_unless_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert fleet("new", "service", "shop").exit_code == 0
    assert (tmp_path / "shop/app/main.py").is_file()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    there = tmp_path / "shop"
    there.mkdir()
    assert fleet("new", "service", "shop", "--folder", str(there)).exit_code == 0
    (there / "app/main.py").write_text("mine")
    result = fleet("new", "service", "shop", "--folder", str(there))
    assert (result.exit_code, "is there and not empty" in result.errors) == (2, True)
    assert (there / "app/main.py").read_text() == "mine"
    file = tmp_path / "file"
    file.write_text("")
    assert fleet("new", "service", "shop", "--folder", str(file)).exit_code == 2


def test_name_of_a_package_that_it_depends_on_is_refused(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tomllib.loads((made / "pyproject.toml").read_text())
    monkeypatch.chdir(tmp_path)
    for dependency in (*project["project"]["dependencies"], *project["dependency-groups"]["dev"]):
        (name,) = re.findall(r"^[a-z-]+", dependency)
        result = fleet("new", "service", name)
        assert (result.exit_code, "depends on the package" in result.errors) == (2, True), dependency


@pytest.mark.parametrize(
    "name", ["Shop", "1shop", "shop-", "sh_op", "sh.op", "schön", "class", "../shop", "s" * 64, ""]
)
def test_name_that_would_not_work_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    result = fleet("new", "service", name)
    assert (result.exit_code, "is no name for a service" in result.errors) == (2, True)
    assert list(tmp_path.iterdir()) == []
