"""How a command ends when it does not end well."""

from enum import IntEnum
from typing import NoReturn

import typer

from fastapi_fleet.cli.consoles import remarks


class ExitCode(IntEnum):
    """0 is for a command that did what it was asked and found nothing wrong."""

    FOUND = 1
    """It did what it was asked, and what it looked at is not as it should be."""
    USAGE = 2
    """It cannot be done as asked: options that do not fit, a file that cannot be read."""
    CLUSTER = 3
    """The cluster could not be asked, or refused."""


def fail(message: str, hint: str, code: ExitCode) -> NoReturn:
    """End the command: what is wrong, and below it what to do next."""
    console = remarks()
    console.print("[bold red]error:[/]", end=" ")
    console.print(message, markup=False)
    console.print(f"  {hint}", markup=False)
    raise typer.Exit(code)
