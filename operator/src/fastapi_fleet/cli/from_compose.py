"""`fleet from-compose`."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from fastapi_fleet.cli.consoles import remarks
from fastapi_fleet.cli.exits import ExitCode, fail
from fastapi_fleet.cli.files import STANDARD_INPUT, read_text
from fastapi_fleet.cli.output import Structured, print_objects

if TYPE_CHECKING:
    from fastapi_fleet.compose.notes import Note

EXAMPLES = (
    "Examples: fleet from-compose compose.yaml > fleet.yaml · fleet from-compose compose.yaml --set TAG=1.2 --skip web "
    "· docker compose config | fleet from-compose -"
)


def from_compose(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A Compose file, or - for standard input.")],
    *,
    output: Annotated[Structured, typer.Option("--output", "-o", help="How to print the objects.")] = Structured.YAML,
    project_name: Annotated[
        str | None, typer.Option("--project-name", "-p", help="Name of a file that states none. Default: its folder's.")
    ] = None,
    profile: Annotated[list[str] | None, typer.Option(help="Profile that is on; * for all. Again for each.")] = None,
    skip: Annotated[list[str] | None, typer.Option(help="Service to leave out. Again for each.")] = None,
    env_file: Annotated[
        list[Path] | None, typer.Option(help="File of variables. Default: .env beside the file. Again for each.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Value of a variable. Again for each.")
    ] = None,
    use_environment: Annotated[
        bool, typer.Option("--use-environment", help="Take variables from this shell's environment, as Compose does.")
    ] = False,
) -> None:
    """Print the FastAPIServices and the FleetPlatform that a Compose file comes to.

    Standard error tells, by line, what is to be done, what is carried over in another way, and what is left out and
    why. Values of secrets are not carried over: the services read one Secret, and the command that makes it is told.
    """
    from fastapi_fleet.compose.convert import Given, convert
    from fastapi_fleet.compose.failure import ComposeError

    folder = Path.cwd() if file == STANDARD_INPUT else Path(file).resolve().parent
    text = _text(file)
    given = Given(
        project=project_name or folder.name or "fleet",
        variables=_variables(env_file or _default_env_files(folder), set_ or (), use_environment=use_environment),
        read=lambda name: _beside(folder, name),
        profiles=profile or (),
        skipped=skip or (),
    )
    try:
        conversion = convert(text, given)
    except ComposeError as error:
        fail(
            f"{file} cannot be converted\n{error}",
            "docker compose config tells whether Compose can read it.",
            ExitCode.USAGE,
        )
    print_objects(conversion.objects, output)
    _print_notes(file, conversion.notes)


def _text(name: str) -> str:
    return read_text(name, wanted="a Compose file", example="compose.yaml")


def _beside(folder: Path, name: str) -> str | None:
    """A file that the Compose file names, by a path from its folder."""
    path = folder / name
    return _text(str(path)) if path.is_file() else None


def _default_env_files(folder: Path) -> list[Path]:
    return [path for path in (folder / ".env",) if path.is_file()]


def _variables(files: Iterable[Path], assigned: Iterable[str], *, use_environment: bool) -> dict[str, str]:
    """Compose's order: what is said outright, then the environment, then files, of which the last counts."""
    from fastapi_fleet.compose.dotenv import parse_dotenv
    from fastapi_fleet.compose.interpolation import BadInterpolationError

    environment = dict(os.environ) if use_environment else {}
    values: dict[str, str] = {}
    for path in files:
        try:
            read = parse_dotenv(_text(str(path)), environment)
        except BadInterpolationError as error:
            fail(f"cannot read {path}: {error}", "Put single quotes around a value that has a $.", ExitCode.USAGE)
        values |= {name: value.text for name, value in read.items()}
    return {**values, **environment, **dict(_assignment(item) for item in assigned)}


def _assignment(item: str) -> tuple[str, str]:
    name, equals, value = item.partition("=")
    if not name or not equals:
        fail(f"--set {item}: not NAME=VALUE", "For example: --set TAG=1.2", ExitCode.USAGE)
    return name, value


def _print_notes(file: str, notes: "list[Note]") -> None:
    console = remarks()
    for note in notes:
        place = f"{file}:{note.line}" if note.line else file
        parts = [Text(place, "bold"), Text(note.kind, "cyan"), Text(note.path), Text(note.message)]
        console.print(Text(": ").join(part for part in parts if part))
