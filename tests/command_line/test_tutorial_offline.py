"""The part of the tutorial that needs no cluster: every command runs, and prints what the page shows."""

import os
import re
import shutil
from pathlib import Path

from tutorial import PAGES, REPOSITORY, broken_promises, play, steps_of, without

DONE = {"make setup"}
"""What `make test-unit` does first."""


def test_target_of_these_tests_begins_as_the_page_does() -> None:
    assert re.search(r"^test-unit: setup\b", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)


def test_page_from_compose_does_what_it_shows(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "compose.yaml", tmp_path)
    (tmp_path / ".venv").symlink_to(REPOSITORY / ".venv")
    steps = without(steps_of((PAGES / "from-compose.md").read_text()), DONE)
    assert len(steps) > 10
    broken = broken_promises(steps, play(steps, tmp_path, os.environ, timeout=120))
    assert not broken, "\n\n".join(broken)
