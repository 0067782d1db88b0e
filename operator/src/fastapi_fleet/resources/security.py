"""Security contexts that Pod Security "restricted" admits, with a read-only root file system on top."""

from fastapi_fleet.resources.manifest import Manifest

SERVICE_UID = 10001
BACKEND_UID = 999
"""uid of postgres and of rabbitmq in the official images."""


def pod_security_context(uid: int) -> Manifest:
    return {
        "runAsNonRoot": True,
        "runAsUser": uid,
        "runAsGroup": uid,
        "fsGroup": uid,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security_context() -> Manifest:
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
