"""The processes of pods, ended or stopped as no order of Kubernetes' would."""

import subprocess
from typing import Final

from kubectl import Kubectl

NODE: Final = "fastapi-fleet-control-plane"


def kill_pod(cluster: Kubectl, name: str) -> None:
    """End the pod's process at once, as the kernel does when memory runs out. It is started again in its place."""
    signal_container(container_of(cluster, name), "SIGKILL")


def container_of(cluster: Kubectl, pod: str) -> str:
    """The id of the pod's only container."""
    found = cluster.get("pod", pod)
    assert found is not None, f"there is no pod {pod}"
    (container,) = found["status"]["containerStatuses"]
    return str(container["containerID"]).removeprefix("containerd://")


def signal_container(container: str, signal: str) -> None:
    command = ["docker", "exec", NODE, "ctr", "--namespace=k8s.io", "tasks", "kill", f"--signal={signal}", container]
    subprocess.run(command, capture_output=True, check=True, timeout=30)
