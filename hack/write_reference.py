"""Writes the generated pages of the reference into the folder given as argument."""

import sys
from pathlib import Path

from fastapi_fleet.api.reference import reference_pages
from fastapi_fleet.cli.reference import commands_page
from fastapi_fleet.contract.reference import rules_page


def write_reference(folder: Path) -> None:
    """Write every page under its own name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in reference_pages().items():
        (folder / name).write_text(text)
    (folder / "openapi-rules.md").write_text(rules_page())
    (folder / "commands.md").write_text(commands_page())


if __name__ == "__main__":
    write_reference(Path(sys.argv[1]))
