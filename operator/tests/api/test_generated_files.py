import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("script", ["verify-crds.sh", "verify-reference.sh"])
def test_committed_files_are_those_that_the_models_give(script: str) -> None:
    environment = os.environ | {"PYTHON": sys.executable}
    command = [str(REPOSITORY / "hack" / script)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - own script
    assert done.returncode == 0, done.stdout + done.stderr
