"""Secrets that the operator writes: credentials and generated values of a service, administrators of a backend."""

import base64
from collections.abc import Mapping

from fastapi_fleet.constants import BackingPart
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, Owner, child, retained_child
from fastapi_fleet.resources.rotation_record import RotationRecord, rotation_annotations
from fastapi_fleet.resources.signing_key_record import SigningKeyRecord, signing_key_annotation


def render_secret(
    owner: Owner,
    credentials: Mapping[str, str],
    rotations: Mapping[BackingPart, RotationRecord],
    signing_keys: Mapping[str, SigningKeyRecord],
) -> Manifest | None:
    """Secret of a service. None where there is nothing to keep."""
    if not credentials:
        return None
    name = names.secret(owner.name)
    manifest = child(owner, api_version="v1", kind="Secret", name=name, component="service", app=owner.name)
    logins = {part: record for part, record in rotations.items() if names.URLS[part] in credentials}
    keys = {env: record for env, record in signing_keys.items() if env in credentials}
    told = rotation_annotations(logins) | signing_key_annotation(keys)
    if told:
        manifest["metadata"]["annotations"] = told
    return {**manifest, "type": "Opaque", "data": encode(credentials)}


def render_migrations_secret(owner: Owner, credentials: Mapping[str, str]) -> Manifest | None:
    """What a service's migrations log in with. None where it has none apart from its own pods."""
    if not credentials:
        return None
    name = names.migrations_secret(owner.name)
    manifest = child(owner, api_version="v1", kind="Secret", name=name, component="migration", app=owner.name)
    return {**manifest, "type": "Opaque", "data": encode(credentials)}


def render_admin_secret(owner: Owner, backend: str, password: str) -> Manifest:
    """Administrator of an embedded backend.

    It outlives who owns it, as the volume does: data under a lost password would be lost data.
    """
    name = names.admin_secret(backend)
    manifest = retained_child(owner, api_version="v1", kind="Secret", name=name, component="admin", app=backend)
    return {**manifest, "type": "Opaque", "data": encode({"username": ADMIN_USER, "password": password})}


def encode(values: Mapping[str, str]) -> dict[str, str]:
    """Values as the API keeps them, so that a live Secret can be compared."""
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


def decode(secret: Manifest) -> dict[str, str]:
    """Values of a live Secret that are text. The operator writes no others; a hand may have."""
    data: Mapping[str, str] = secret.get("data") or {}
    texts = {key: _text(value) for key, value in data.items()}
    return {key: text for key, text in texts.items() if text is not None}


def _text(value: str) -> str | None:
    try:
        return base64.b64decode(value).decode()
    except UnicodeDecodeError:
        return None


ADMIN_USER = "fleet"
"""Administrator of the embedded backends."""
