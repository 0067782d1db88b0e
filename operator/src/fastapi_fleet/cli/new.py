"""`fleet new`."""

from pathlib import Path
from typing import Annotated

import typer

from fastapi_fleet.cli.exits import ExitCode, fail
from fastapi_fleet.cli.output import Format, Output, print_done

commands = typer.Typer(name="new", help="Begins something.", no_args_is_help=True)

EXAMPLES = "Examples: fleet new service shop · fleet new service shop --folder services/shop"

FILE = "fastapiservice.yaml"


@commands.callback()
def _group() -> None:
    """Keep `service` a command of its own while it is the only one."""


@commands.command(epilog=EXAMPLES)
def service(
    name: Annotated[str, typer.Argument(help="Name of the service: a DNS label.")],
    folder: Annotated[
        Path | None, typer.Option(help="Folder to make. One of the service's name, here, when left out.")
    ] = None,
    output: Output = Format.TEXT,
) -> None:
    """Begin a service on fleetkit: code, tests that pass, Dockerfile, CI, README and FastAPIService.

    Nothing is overwritten: the folder must not be there, or be empty.
    """
    from fastapi_fleet.scaffold.service import BadNameError, service_files

    try:
        files = service_files(name)
    except BadNameError as error:
        fail(f"{name} is no name for a service: {error}", "For example: fleet new service shop", ExitCode.USAGE)
    _require_valid(name, files[FILE])
    target = folder or Path(name)
    _write(target, files)
    said = f"made {len(files)} files in {target}. What to do first: {target / 'README.md'}"
    print_done(said, {"name": name, "folder": str(target), "files": sorted(files)}, output)


def _require_valid(name: str, resource: str) -> None:
    """The operator has a say in names, too."""
    from fastapi_fleet.offline.validation import validate

    for problem in validate([(FILE, resource)]).problems:
        fail(f"{name} is no name for a service: {problem.message}", "Choose another.", ExitCode.USAGE)


def _write(folder: Path, files: dict[str, str]) -> None:
    try:
        if folder.exists() and any(folder.iterdir()):
            fail(f"{folder} is there and not empty", "Choose another by --folder.", ExitCode.USAGE)
        for path, text in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"cannot write {error.filename}: {error.strerror}", "Choose another folder by --folder.", ExitCode.USAGE)
