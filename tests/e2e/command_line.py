"""The command line `fleet` as somebody runs it, with a kubeconfig of the tests' cluster."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from eventually import eventually
from kubectl import Kubectl, Manifest

PROGRAM: Final = Path(__file__).parents[2] / ".venv/bin/fleet"
HEEDING_THE_KEYBOARD: Final = ("env", "--default-signal=INT")
"""A shell has what it starts in the background ignore SIGINT, and a test run that it starts so hands that on."""

TIMEOUT_SECONDS: Final = 120


@dataclass(frozen=True)
class Ended:
    """What a command printed, and its exit code."""

    exit_code: int
    output: str
    errors: str


class Following:
    """A command that goes on, and what it has printed so far."""

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self._process = process
        self._output = output

    def await_line(self, wanted: str, seconds: float) -> None:
        def printed() -> None:
            assert wanted in self._output.read_text()

        eventually(printed, seconds)

    def interrupt(self) -> int:
        """As Ctrl-C does. Returns the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(TIMEOUT_SECONDS)


@dataclass(frozen=True)
class FleetCommand:
    """`fleet` in one namespace."""

    kubeconfig: Path
    namespace: str

    def run(self, *arguments: str, given: Manifest | None = None) -> Ended:
        """`fleet ARGUMENTS`, with a resource on its standard input."""
        text = None if given is None else json.dumps(given)
        done = subprocess.run(
            self._command(arguments),
            input=text,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def following(self, *arguments: str) -> Iterator[Following]:
        with NamedTemporaryFile("w+") as output:
            command = [*HEEDING_THE_KEYBOARD, *self._command(arguments)]
            process = subprocess.Popen(command, env=self._environment(), stdout=output, text=True)
            try:
                yield Following(process, Path(output.name))
            finally:
                process.kill()
                process.wait()

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [str(PROGRAM), *arguments, "--namespace", self.namespace]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig), "COLUMNS": "300", "NO_COLOR": "1"}


def fleet_command(cluster: Kubectl, folder: Path) -> FleetCommand:
    """With a kubeconfig of its own, in which no other cluster is."""
    config = folder / "kubeconfig"
    config.touch(mode=0o600)
    config.write_text(cluster.run("config", "view", "--raw", "--minify", "--flatten"))
    return FleetCommand(config, cluster.namespace)
