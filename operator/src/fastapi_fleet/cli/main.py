"""The entry points `fleet` and `kubectl-fleet`."""

import sys
from pathlib import Path
from typing import Final

INTERRUPTED: Final = 130


def main() -> None:
    """Run one command. kubectl finds `kubectl-fleet` on PATH and runs it as `kubectl fleet`."""
    try:
        _run()
    except KeyboardInterrupt:  # while it was being imported: a command that is interrupted ends so by itself
        sys.exit(INTERRUPTED)


def _run() -> None:
    try:
        import typer
    except ModuleNotFoundError:  # before anything that needs the extra
        sys.exit("error: fleet needs more packages than the operator\n  pip install 'fastapi-fleet-operator[cli]'")
    from fastapi_fleet.cli.app import app

    if Path(sys.argv[0]).stem == "kubectl-fleet":
        # Without the options for completion: a shell asks kubectl, and that asks kubectl_complete-fleet.
        typer.main.get_group(app)(prog_name="kubectl fleet")
    else:
        app(prog_name="fleet")
