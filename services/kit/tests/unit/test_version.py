from pathlib import Path

import pytest
from fleetkit.version import read_version


def test_reads_the_version_of_the_project(tmp_path: Path) -> None:
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text('[project]\nname = "things"\nversion = "2.3.4"\n')
    assert read_version(pyproject) == "2.3.4"


def test_image_without_the_project_file_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_version(tmp_path / "pyproject.toml")
