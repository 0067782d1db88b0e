"""Certificates that services check an external server's with: a ConfigMap of the platform, mounted into their pods."""

from collections.abc import Iterable
from typing import Final

from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, Owner, child

_FILE: Final = "ca.crt"


def render_certificate_authority(owner: Owner, component: str, certificates: str) -> Manifest:
    backend = names.backend(owner.name, component)
    name = names.certificate_authority(backend)
    manifest = child(owner, api_version="v1", kind="ConfigMap", name=name, component=component, app=backend)
    return {**manifest, "data": {_FILE: certificates}}


def certificates_in(authority: Manifest) -> str:
    """What a live one says; empty where a hand has emptied it."""
    certificates: str = (authority.get("data") or {}).get(_FILE, "")
    return certificates


def authority_path(component: str) -> str:
    """Where a service's pods find the certificates of a server."""
    return f"{_directory(component)}/{_FILE}"


def render_authority_volumes(platform: str, components: Iterable[str]) -> list[Manifest]:
    return [
        {
            "name": _volume(component),
            "configMap": {"name": names.certificate_authority(names.backend(platform, component))},
        }
        for component in components
    ]


def render_authority_mounts(components: Iterable[str]) -> list[Manifest]:
    return [
        {"name": _volume(component), "mountPath": _directory(component), "readOnly": True} for component in components
    ]


def _volume(component: str) -> str:
    return f"{component}-ca"


def _directory(component: str) -> str:
    return f"/etc/fastapi-fleet/{component}"
