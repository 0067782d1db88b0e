"""How far the exchange of signing keys is, in words and in figures."""

from collections.abc import Mapping, Sequence
from typing import Final

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.resource_status import SigningKeyStatus
from fastapi_fleet.resources.signing_key_record import Stage
from fastapi_fleet.status.facts import SigningKeyFacts

_TO_BE_ROLLED_OUT: Final[Mapping[Stage, str]] = {
    "NextPublished": "publish the next key",
    "PreviousAccepted": "sign with the next key",
    "Alone": "refuse the key before",
}


def what_key_lacks(key: SigningKeyFacts) -> tuple[Reason, str] | None:
    """None where it signs alone, and nobody asks for another."""
    if not key.rolled_out:
        return Reason.ROTATING, f"{key.env}: pods restart to {_TO_BE_ROLLED_OUT[key.stage]}"
    if key.stage == "NextPublished":
        return Reason.ROTATING, f"{key.env}: the next key is published, and signs after {key.until}"
    if key.stage == "PreviousAccepted":
        return Reason.ROTATING, f"{key.env}: a new key signs; the one before is accepted until {key.until}"
    if key.is_due:
        return Reason.ROTATION_DUE, f"{key.env}: begins when {key.waits_until or 'its turn has come'}"
    return None


def current_key(key: SigningKeyFacts) -> str:
    since = f" signs since {key.since}" if key.since else " signs"
    return f"{key.env}:{since}" + (f", next {key.due_at}" if key.due_at else "")


def signing_key_statuses(keys: Sequence[SigningKeyFacts]) -> list[SigningKeyStatus] | None:
    told = [
        SigningKeyStatus(env=key.env, stage=key.stage, since=key.since, until=key.until, due_at=key.due_at)
        for key in keys
    ]
    return told or None
