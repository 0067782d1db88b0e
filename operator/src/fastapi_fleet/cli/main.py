"""The entry points `fleet` and `kubectl-fleet`."""

import sys
from pathlib import Path


def main() -> None:
    """Run one command. kubectl finds `kubectl-fleet` on PATH and runs it as `kubectl fleet`."""
    try:
        import typer  # noqa: F401 - tells whether the extra is installed, before anything that needs it
    except ModuleNotFoundError:
        sys.exit("error: fleet needs more packages than the operator\n  pip install 'fastapi-fleet-operator[cli]'")
    from fastapi_fleet.cli.app import app

    app(prog_name="kubectl fleet" if Path(sys.argv[0]).stem == "kubectl-fleet" else "fleet")
