"""Files named on the command line."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from fastapi_fleet.cli.exits import ExitCode, fail

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="YAML files, or - for standard input.")]

STANDARD_INPUT = "-"


def read_files(names: Iterable[str]) -> list[tuple[str, str]]:
    """Each file by its name and text. One that cannot be read ends the command."""
    return [(shown(name), read_text(name)) for name in names]


def shown(name: str) -> str:
    """A file as it is called in what is told of it."""
    return "stdin" if name == STANDARD_INPUT else name


def read_text(name: str, *, wanted: str = "YAML files", example: str = "*.yaml") -> str:
    """Of one file. `wanted` and `example` tell whoever named something else what to name."""
    hint = f"Name {wanted}, or - for standard input."
    try:
        return sys.stdin.read() if name == STANDARD_INPUT else Path(name).read_text(encoding="utf-8")
    except IsADirectoryError:
        fail(f"{name} is a folder", f"Name what is in it: {Path(name) / example}", ExitCode.USAGE)
    except OSError as error:
        fail(f"cannot read {name}: {error.strerror}", hint, ExitCode.USAGE)
    except UnicodeDecodeError:
        fail(f"{name} is no text in UTF-8", hint, ExitCode.USAGE)
