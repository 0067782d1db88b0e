"""`fleet validate`."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from fastapi_fleet.cli.consoles import answers
from fastapi_fleet.cli.exits import ExitCode
from fastapi_fleet.cli.files import Files, read_files
from fastapi_fleet.cli.output import Format, print_data
from fastapi_fleet.cli.patience import told_when_slow

if TYPE_CHECKING:
    from fastapi_fleet.offline.validation import Verdict

EXAMPLES = "Examples: fleet validate shop.yaml · fleet validate k8s/*.yaml -o json · helm template . | fleet validate -"


def validate(
    files: Files,
    output: Annotated[Format, typer.Option("--output", "-o", help="How to print the errors.")] = Format.TEXT,
) -> None:
    """Tell every error of every FastAPIService and FleetPlatform in files, by file, line and field.

    The rules are those of the API server and of the operator; no cluster is asked. Documents of other kinds are passed
    over. Exit code 1 says that there are errors.
    """
    from fastapi_fleet.offline.validation import validate as judge

    texts = read_files(files)
    with told_when_slow("reading every resource"):
        verdict = judge(texts)
    if output is Format.TEXT:
        _print(verdict)
    else:
        print_data(asdict(verdict), output)
    if verdict.problems:
        raise typer.Exit(ExitCode.FOUND)


def _print(verdict: "Verdict") -> None:
    from fastapi_fleet.cli.problems import print_problems

    console = answers()
    print_problems(verdict.problems, console)
    errors = _count(len(verdict.problems), "error") if verdict.problems else "no errors"
    others = f"; {_count(verdict.others, 'document')} of other kinds passed over" if verdict.others else ""
    console.print(
        f"{errors} in {_count(verdict.resources, 'resource')}{others}", style="red" if verdict.problems else "green"
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
