"""The tutorial on the cluster, as a reader has it: every command runs, and prints what the page shows."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from fleet import Images
from kubectl import Kubectl
from tutorial import PAGES, REPOSITORY, Step, broken_promises, play, renamed, steps_of, without

DONE = {"make setup", "make up"}
"""What `make test-e2e` does first."""

NAMESPACE = "shop"
TIMEOUT_SECONDS = 660
"""Of one command. A scheduler that found no room for a pod may look again after five minutes only: the pages wait for
ten."""


@pytest.fixture
def namespace(fleet: Kubectl) -> Iterator[str]:
    """In place of the page's: a reader of this machine may have that one."""
    name = f"e2e-{uuid4().hex[:8]}"
    yield name
    fleet.run("delete", "namespace", name, "--wait=false", "--ignore-not-found")


@pytest.fixture
def folder(images: Images, tmp_path: Path) -> Path:
    """What of the checkout the pages use; .env has the names of the images that the node holds."""
    shutil.copy(REPOSITORY / "compose.yaml", tmp_path)
    shutil.copy(REPOSITORY / ".env", tmp_path)
    (tmp_path / ".venv").symlink_to(REPOSITORY / ".venv")
    return tmp_path


@pytest.fixture
def environment(fleet: Kubectl, tmp_path: Path) -> dict[str, str]:
    """With a kubeconfig of its own: the pages change the context."""
    config = tmp_path / "kubeconfig"
    config.touch(mode=0o600)
    config.write_text(fleet.run("config", "view", "--raw", "--minify", "--flatten"))
    return {**os.environ, "KUBECONFIG": str(config), "COLUMNS": "200"}


def steps_on(page: str) -> list[Step]:
    return without(steps_of((PAGES / page).read_text()), DONE)


def test_target_of_these_tests_begins_as_the_pages_do() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    assert re.search(r"^test-e2e: clients\b", makefile, re.MULTILINE)
    assert re.search(r"^clients: setup\b", makefile, re.MULTILINE)
    assert re.search(r"^test-e2e:.*\n(?:\t.*\n)*\t@\$\(MAKE\).* up\n", makefile, re.MULTILINE)


def test_pages_do_what_they_show(namespace: str, folder: Path, environment: dict[str, str]) -> None:
    prepared, on_cluster = steps_on("from-compose.md"), steps_on("on-a-cluster.md")
    assert len(on_cluster) > 25
    steps = [*prepared, *renamed(on_cluster, NAMESPACE, namespace)]
    broken = broken_promises(steps, play(steps, folder, environment, timeout=TIMEOUT_SECONDS))
    assert not broken, "\n\n".join(broken)
