"""How far the exchange of a signing key is: told by the Secret with the keys, so that both change in one write."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from fastapi_fleet.api.times import Time
from fastapi_fleet.constants import ANNOTATION_SIGNING_KEYS
from fastapi_fleet.resources.manifest import Manifest, annotation_of, canonical_json

Stage = Literal["Alone", "NextPublished", "PreviousAccepted"]
"""What the second key is: there is none, it is the next one, it is the one before."""


class SigningKeyRecord(BaseModel):
    """Times are RFC 3339 in UTC. `rolled_out_at`: when no pod was left that had read the stage before.

    `signs_since`: when the key that signs began to; None for the first one. `request`: hash of the annotation that was
    followed, so that it is followed once.
    """

    model_config = ConfigDict(frozen=True)

    stage: Stage
    rolled_out_at: Time | None = None
    signs_since: Time | None = None
    request: str | None = None


_Records = TypeAdapter(dict[str, SigningKeyRecord])


def signing_key_annotation(records: Mapping[str, SigningKeyRecord]) -> dict[str, str]:
    told = {env: record.model_dump(exclude_none=True) for env, record in records.items()}
    return {ANNOTATION_SIGNING_KEYS: canonical_json(told)} if told else {}


def signing_key_records(secret: Manifest) -> dict[str, SigningKeyRecord]:
    """Those of a live Secret, by variable. What a hand has spoilt is none: the keys themselves then tell the stage."""
    try:
        return _Records.validate_json(annotation_of(secret, ANNOTATION_SIGNING_KEYS) or "{}")
    except ValidationError:
        return {}
