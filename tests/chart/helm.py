"""The chart as `helm template` renders it."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "charts" / "fastapi-fleet"

FULL = CHART / "ci" / "full-values.yaml"
MINIMAL = CHART / "ci" / "minimal-values.yaml"

KUBERNETES = "1.34.0"

Manifest = dict[str, Any]


class RefusedError(Exception):
    """Helm would not render; the message is its own."""


def render(*arguments: str, release: str = "fastapi-fleet") -> list[Manifest]:
    """What `helm template` makes of the chart.

    Raises:
        RefusedError: values or chart are not accepted.
    """
    command = ["helm", "template", release, str(CHART), "--namespace", "fastapi-fleet-system"]
    command += ["--kube-version", KUBERNETES, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RefusedError(done.stderr)
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def of_kind(manifests: list[Manifest], kind: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] == kind]
