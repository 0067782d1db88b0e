"""`fleet openapi`."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
import yaml
from rich.text import Text

from fastapi_fleet.cli.consoles import answers
from fastapi_fleet.cli.exits import ExitCode, fail
from fastapi_fleet.cli.files import STANDARD_INPUT, read_text, shown
from fastapi_fleet.cli.output import Format, print_data

if TYPE_CHECKING:
    from fastapi_fleet.contract.findings import Finding

commands = typer.Typer(name="openapi", help="Looks at the OpenAPI documents of services.", no_args_is_help=True)

EXAMPLES = (
    "Examples: fleet openapi diff live.json new.json · fleet openapi diff live.yaml new.yaml -o json · "
    "curl -s localhost:8000/openapi.json | fleet openapi diff live.json -"
)

_METAVAR = "a JSON or YAML file, or - for standard input."


@commands.callback()
def _group() -> None:
    """Keep `diff` a command of its own while it is the only one."""


@commands.command(epilog=EXAMPLES)
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help=f"The document that callers know: {_METAVAR}")],
    new: Annotated[str, typer.Argument(metavar="NEW", help=f"The document that is to come: {_METAVAR}")],
    output: Annotated[Format, typer.Option("--output", "-o", help="How to print the findings.")] = Format.TEXT,
) -> None:
    """Tell what callers notice between two OpenAPI documents of a service, 3.0 or 3.1.

    Each finding has a rule, whether it breaks callers, the operation, and the place in the document. No URL is called.
    Exit code 1 says that something breaks.
    """
    from fastapi_fleet.contract.compare import compare_documents
    from fastapi_fleet.contract.document import MalformedDocumentError

    if old == new == STANDARD_INPUT:
        fail("both documents are to come from standard input", "Name a file for one of them.", ExitCode.USAGE)
    (old_text, new_text) = (
        read_text(_local(name), wanted="OpenAPI documents", example="*.json") for name in (old, new)
    )
    old_name, new_name = shown(old), shown(new)
    names = {"old": old_name, "new": new_name}
    try:
        findings = compare_documents(_parsed(old_name, old_text), _parsed(new_name, new_text))
    except MalformedDocumentError as error:
        problem = f"{names[error.place.document]}: {error.place.pointer}: {error.problem}"
        fail(problem, "Mend the document there; FastAPI writes it by app.openapi().", ExitCode.USAGE)
    if output is Format.TEXT:
        _print(findings, names)
    else:
        print_data(_data(findings), output)
    if any(finding.is_breaking for finding in findings):
        raise typer.Exit(ExitCode.FOUND)


def _local(name: str) -> str:
    if "://" in name:
        fail(f"{name} is a URL, and none is called", f"curl -s {name} | fleet openapi diff OLD -", ExitCode.USAGE)
    return name


def _parsed(name: str, text: str) -> object:
    try:
        return json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        fail(f"{name} is neither JSON nor YAML: {_problem(error)}", "Name OpenAPI documents.", ExitCode.USAGE)


def _problem(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}: {error.msg}"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return str(error)


def _print(findings: "Sequence[Finding]", names: dict[str, str]) -> None:
    console = answers()
    for finding in findings:
        where = finding.location
        line = Text.assemble(
            (finding.severity, "red" if finding.is_breaking else "dim"), "  ", (where.operation, "bold")
        )
        console.print(line, Text(finding.message), sep=": ")
        console.print(Text(f"  {finding.rule}, {names[where.document]} {where.pointer}", "dim"))
    breaking = sum(finding.is_breaking for finding in findings)
    console.print(f"{breaking} breaking, {len(findings) - breaking} not breaking", style="red" if breaking else "green")


def _data(findings: "Sequence[Finding]") -> dict[str, object]:
    return {
        "breaking": sum(finding.is_breaking for finding in findings),
        "findings": [
            {
                "rule": finding.rule,
                "severity": str(finding.severity),
                "operation": finding.location.operation,
                "document": finding.location.document,
                "pointer": finding.location.pointer,
                "message": finding.message,
            }
            for finding in findings
        ],
    }
