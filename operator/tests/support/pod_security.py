"""The rules of Pod Security "restricted", as its standard states them."""

from collections.abc import Iterator
from typing import Any

ALLOWED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def restricted_violations(pod: dict[str, Any]) -> list[str]:
    """Every rule that a pod spec breaks; empty for one that is admitted."""
    return [*_pod_violations(pod), *_container_violations(pod)]


def _pod_violations(pod: dict[str, Any]) -> Iterator[str]:
    for host in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(host):
            yield host
    for volume in pod.get("volumes", ()):
        if not ALLOWED_VOLUMES.issuperset(set(volume) - {"name"}):
            yield f"volume {volume['name']}"


def _container_violations(pod: dict[str, Any]) -> Iterator[str]:
    shared = pod.get("securityContext", {})
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        name = container["name"]
        context = {**shared, **container.get("securityContext", {})}
        if context.get("privileged") or context.get("allowPrivilegeEscalation") is not False:
            yield f"{name}: privilege escalation"
        if context.get("runAsNonRoot") is not True or context.get("runAsUser") == 0:
            yield f"{name}: may run as root"
        if context.get("seccompProfile", {}).get("type") not in {"RuntimeDefault", "Localhost"}:
            yield f"{name}: seccomp"
        capabilities = context.get("capabilities", {})
        if "ALL" not in capabilities.get("drop", ()) or set(capabilities.get("add", ())) - {"NET_BIND_SERVICE"}:
            yield f"{name}: capabilities"
        if any(port.get("hostPort") for port in container.get("ports", ())):
            yield f"{name}: host port"
