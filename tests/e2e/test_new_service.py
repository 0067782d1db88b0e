"""`fleet new service`: its Dockerfile makes an image, and its own FastAPIService runs that."""

import subprocess
from pathlib import Path

import pytest
import yaml
from fleet import await_ready, forwarded
from kubectl import Kubectl, Manifest

REPOSITORY = Path(__file__).parents[2]
NAME = "shop-window"
BUILD_SECONDS = 300


@pytest.fixture
def begun(fleet: Kubectl, tmp_path: Path) -> Manifest:
    """The FastAPIService in the folder of a new service, of the image that its Dockerfile makes."""
    folder = tmp_path / NAME
    done = subprocess.run(
        [REPOSITORY / "hack/load-new-service.sh", NAME, folder],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=BUILD_SECONDS,
    )
    manifest: Manifest = yaml.safe_load((folder / "fastapiservice.yaml").read_text())
    return {**manifest, "spec": {**manifest["spec"], "image": done.stdout.strip()}}


def test_it_gets_ready_and_greets_as_its_resource_says(cluster: Kubectl, begun: Manifest) -> None:
    cluster.apply(begun)
    await_ready(cluster, NAME)
    with forwarded(cluster, NAME) as service:
        greeted = service.post("/greetings", json={"name": "Ada"})
        assert (greeted.status_code, greeted.json()) == (201, {"name": "Ada", "text": "Hello, Ada!"})
        assert service.get("/docs").status_code == 200
