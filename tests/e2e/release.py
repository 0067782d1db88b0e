"""Helm, bound to the tests' cluster: releases of the chart beside the one under test."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kubectl import CONTEXT

CHART: Final = Path(__file__).parents[2] / "charts" / "fastapi-fleet"
HELM_SECONDS: Final = 120


def values(image: str, *, watch: str) -> list[str]:
    """A release of an image for one namespace."""
    repository, _, tag = image.rpartition(":")
    return [f"--set=image.repository={repository}", f"--set=image.tag={tag}", f"--set=watchNamespaces={{{watch}}}"]


@dataclass(frozen=True)
class Release:
    """A release by its name and namespace. Every method fails the test where Helm fails."""

    name: str
    namespace: str

    def install(self, *arguments: str, chart: Path = CHART) -> None:
        """Install and wait until everything is ready."""
        self._helm("install", self.name, str(chart), "--wait", f"--timeout={HELM_SECONDS}s", *arguments)

    def upgrade(self, *arguments: str) -> None:
        """Upgrade to the chart of the work tree, the values kept, and wait until everything is ready."""
        kept = ["--reset-then-reuse-values", *arguments]
        self._helm("upgrade", self.name, str(CHART), "--wait", f"--timeout={HELM_SECONDS}s", *kept)

    def test(self) -> str:
        """What `helm test` says."""
        return self._helm("test", self.name, f"--timeout={HELM_SECONDS}s")

    def uninstall(self) -> None:
        """Uninstall and wait until everything is gone; no error where it was not installed."""
        self._helm("uninstall", self.name, "--ignore-not-found", "--wait", f"--timeout={HELM_SECONDS}s")

    def manifest(self, template: str, *arguments: str) -> str:
        """One template as it would be installed."""
        return self._helm(
            "template",
            self.name,
            str(CHART),
            "--set=crds.install=false",
            "--kube-version=1.34.0",
            f"--show-only=templates/{template}",
            *arguments,
        )

    def _helm(self, *arguments: str) -> str:
        command = ["helm", "--kube-context", CONTEXT, "--namespace", self.namespace, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=2 * HELM_SECONDS, check=False)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout
