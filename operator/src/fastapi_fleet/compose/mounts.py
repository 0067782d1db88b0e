"""Files of a service: what can be mounted is, and every other volume is told of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi_fleet.compose.models import ComposeFile, ComposeService, FileSource, FileUse, Mount
from fastapi_fleet.compose.notes import Notes

_THERE_ALREADY = ("/tmp", "/tmp/")  # noqa: S108 - every pod has an emptyDir there
_SOCKET = "docker.sock"
_SECRETS_FOLDER = "/run/secrets"


@dataclass
class Mounts:
    """spec.pod.volumes and spec.pod.volumeMounts."""

    volumes: list[dict[str, Any]] = field(default_factory=list)
    volume_mounts: list[dict[str, Any]] = field(default_factory=list)

    def as_pod(self) -> dict[str, Any]:
        return {"volumes": self.volumes, "volumeMounts": self.volume_mounts} if self.volumes else {}


def mounts_of(service: ComposeService, file: ComposeFile, project: str, notes: Notes) -> Mounts:
    mounts = Mounts()
    paths = [path.partition(":")[0] for path in service.tmpfs]
    paths += [mount.target for mount in service.volumes if mount.type == "tmpfs"]
    for at, path in enumerate(path for path in dict.fromkeys(paths) if path not in _THERE_ALREADY):
        mounts.volumes.append({"name": f"room-{at}", "emptyDir": {}})
        mounts.volume_mounts.append({"name": f"room-{at}", "mountPath": path})
    _mount_secrets(service.secrets, file.secrets, f"{project}-files", mounts, notes)
    _mount_configs(service.configs, f"{project}-configs", mounts)
    for at, mount in enumerate(service.volumes):
        if mount.type != "tmpfs":
            notes.at("volumes", at).left_out(_reason(mount))
    return mounts


def file_notes(file: ComposeFile, used: Sequence[ComposeService], project: str, notes: Notes) -> None:
    """How to make the Secret and the ConfigMap whose files are mounted."""
    secrets = {use.source: use for service in used for use in service.secrets}
    configs = {use.source: use for service in used for use in service.configs}
    if secrets:
        options = " ".join(_option(name, file.secrets.get(name)) for name in secrets)
        notes.at("secrets").to_do(f"make the Secret: kubectl create secret generic {project}-files {options}")
    if configs:
        options = " ".join(_option(name, file.configs.get(name)) for name in configs)
        notes.at("configs").to_do(f"make the ConfigMap: kubectl create configmap {project}-configs {options}")


def _mount_secrets(
    uses: Sequence[FileUse], sources: Mapping[str, FileSource], name: str, mounts: Mounts, notes: Notes
) -> None:
    """All in one folder, as Compose has them; one with a path of its own is mounted there."""
    items = []
    for use in uses:
        target = use.target or use.source
        if target.startswith("/") and not target.startswith(f"{_SECRETS_FOLDER}/"):
            mounts.volume_mounts.append(
                {"name": "secrets", "mountPath": target, "subPath": use.source, "readOnly": True}
            )
            target = use.source
        items.append({"key": use.source, "path": target.removeprefix(f"{_SECRETS_FOLDER}/")})
        if use.source not in sources:
            notes.at("secrets").to_do(
                f"{use.source} is none of the secrets of the file: put it into {name} all the same"
            )
    if items:
        mounts.volumes.append({"name": "secrets", "secret": {"secretName": name, "items": items}})
        mounts.volume_mounts.append({"name": "secrets", "mountPath": _SECRETS_FOLDER, "readOnly": True})


def _mount_configs(uses: Sequence[FileUse], name: str, mounts: Mounts) -> None:
    if uses:
        mounts.volumes.append({"name": "configs", "configMap": {"name": name}})
    for use in uses:
        path = use.target or f"/{use.source}"
        mounts.volume_mounts.append({"name": "configs", "mountPath": path, "subPath": use.source, "readOnly": True})


def _option(name: str, source: FileSource | None) -> str:
    if source is not None and source.file:
        return f"--from-file={name}={source.file}"
    if source is not None and source.environment:
        return f'--from-literal={name}="${source.environment}"'
    return f"--from-file={name}=FILE"


def _reason(mount: Mount) -> str:
    if _SOCKET in (mount.source or ""):
        return "the socket of Docker: there is none in a cluster, and no spec mounts a path of the node"
    if mount.type == "bind":
        return (
            f"{mount.target} is a path of one machine: code belongs in the image, and a file of settings in a "
            "ConfigMap or Secret, mounted by spec.pod.volumes"
        )
    return (
        f"{mount.target}: pods of a service share nothing. What has to last belongs in the database or in an object "
        "store, or on a PersistentVolumeClaim that several pods may mount, by spec.pod.volumes"
    )
