"""How the login in a service's Secret came to be: told by the Secret itself, so that both change in one write."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, ValidationError

from fastapi_fleet.api.times import Time
from fastapi_fleet.constants import ANNOTATION_ROTATE, ANNOTATION_ROTATION, BackingPart
from fastapi_fleet.resources.manifest import Manifest, annotation_of, content_hash


class RotationRecord(BaseModel):
    """`rotated_at` and `ended_at`, when the login before was locked, are RFC 3339 in UTC.

    `request`: hash of the annotation that was followed, so that it is followed once.
    """

    model_config = ConfigDict(frozen=True)

    rotated_at: Time
    request: str | None = None
    ended_at: Time | None = None


def rotation_request(service: Manifest) -> str | None:
    """What a service is asked by its annotation, as a hash: that may be of any length. None where nobody asks."""
    asked = annotation_of(service, ANNOTATION_ROTATE)
    return None if asked is None else content_hash(asked)


def rotation_annotations(records: Mapping[BackingPart, RotationRecord]) -> dict[str, str]:
    return {
        ANNOTATION_ROTATION[component]: record.model_dump_json(exclude_none=True)
        for component, record in records.items()
    }


def rotation_records(secret: Manifest | None) -> dict[BackingPart, RotationRecord]:
    """Those of a live Secret. One that a hand has spoilt is none: then nothing was ever rotated."""
    annotations: Mapping[str, str] = (secret or {}).get("metadata", {}).get("annotations") or {}
    found = {
        component: _read(annotations[name]) for component, name in ANNOTATION_ROTATION.items() if name in annotations
    }
    return {component: record for component, record in found.items() if record is not None}


def _read(text: str) -> RotationRecord | None:
    try:
        return RotationRecord.model_validate_json(text)
    except ValidationError:
        return None
