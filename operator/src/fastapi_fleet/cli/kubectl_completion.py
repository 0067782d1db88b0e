"""The entry point `kubectl_complete-fleet`, which kubectl runs where a shell asks it to complete `kubectl fleet`."""

import io
import os
import shlex
import sys
from contextlib import redirect_stdout, suppress
from typing import Final

FILES_TOO: Final = 0
"""A directive of cobra, which kubectl is made with: the shell may offer files."""

NO_FILES: Final = 4
"""The directive for words that are all there is."""


def main() -> None:
    """Print what may stand in the place of the last argument, a word a line, and a directive below."""
    from fastapi_fleet.cli.app import app

    words = ["fleet", *sys.argv[1:]]
    asked = {"COMP_WORDS": shlex.join(words), "COMP_CWORD": str(len(words) - 1)}
    os.environ.update(asked, _FLEET_COMPLETE="complete_bash")
    printed = io.StringIO()
    with suppress(SystemExit), redirect_stdout(printed):
        app(prog_name="fleet")
    found = printed.getvalue().split()
    sys.stdout.write("\n".join([*found, f":{NO_FILES if found else FILES_TOO}\n"]))
