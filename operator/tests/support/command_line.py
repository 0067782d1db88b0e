"""The command line `fleet`, run within the test's process, as in a terminal without colours."""

from dataclasses import dataclass

from fastapi_fleet.cli.app import app
from typer.testing import CliRunner

ENVIRONMENT = {"NO_COLOR": "1", "COLUMNS": "120"}


@dataclass(frozen=True)
class Ended:
    """What a command printed, and how it ended."""

    exit_code: int
    output: str
    errors: str


def fleet(*arguments: str, given: str = "") -> Ended:
    """Run `fleet ARGUMENTS`, with `given` on its standard input. What the command raises by mistake is raised here."""
    result = CliRunner(env=ENVIRONMENT).invoke(app, arguments, input=given, prog_name="fleet", catch_exceptions=False)
    return Ended(result.exit_code, result.stdout, result.stderr)
