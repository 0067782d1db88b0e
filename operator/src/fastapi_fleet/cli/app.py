"""The application: its commands and what they have in common."""

from importlib.metadata import version
from typing import Annotated, Final

import typer

from fastapi_fleet.cli import (
    approve,
    diff,
    from_compose,
    logs,
    new,
    openapi,
    pause,
    render,
    retry,
    rollback,
    rotate,
    status,
    validate,
)

_EXIT_CODES: Final = (
    "Exit codes: 0 all is well; 1 what was looked at is not; 2 wrong usage; 3 the cluster cannot be asked; 130 Ctrl-C."
)

app = typer.Typer(
    name="fleet",
    help="Works on FastAPIServices: in files before they are applied, and in the cluster.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("fastapi-fleet-operator"))
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that stand before a command."""


app.command(epilog=validate.EXAMPLES)(validate.validate)
app.command(epilog=render.EXAMPLES)(render.render)
app.command(epilog=diff.EXAMPLES)(diff.diff)
app.command(epilog=status.EXAMPLES)(status.status)
app.command(epilog=logs.EXAMPLES)(logs.logs)
app.command(epilog=retry.EXAMPLES)(retry.retry)
app.command(epilog=approve.EXAMPLES)(approve.approve)
app.command(epilog=rollback.EXAMPLES)(rollback.rollback)
app.command(epilog=rotate.EXAMPLES)(rotate.rotate)
app.command(epilog=pause.PAUSE_EXAMPLES)(pause.pause)
app.command(epilog=pause.RESUME_EXAMPLES)(pause.resume)
app.command(epilog=from_compose.EXAMPLES)(from_compose.from_compose)
app.add_typer(new.commands)
app.add_typer(openapi.commands)
