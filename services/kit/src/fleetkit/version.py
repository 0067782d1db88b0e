"""The version of a service, which stands in its pyproject.toml and nowhere else."""

import tomllib
from pathlib import Path


def read_version(pyproject: Path) -> str:
    """Reads `project.version` of a pyproject.toml, which the service's image holds beside its code.

    Raises:
        FileNotFoundError: where the file was not copied.
        KeyError: where it states no version.
    """
    version: str = tomllib.loads(pyproject.read_text())["project"]["version"]
    return version
