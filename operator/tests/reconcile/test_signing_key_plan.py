"""The next step of a signing key's exchange, and how far its record is believed."""

from datetime import UTC, datetime

import pytest
from fastapi_fleet.reconcile.signing_key_plan import Step, believed_record, next_step
from fastapi_fleet.resources.signing_key_record import SigningKeyRecord, Stage
from fastapi_fleet.status.facts import SigningKeyFacts

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PAST, FUTURE = "2026-01-01T23:59:59Z", "2026-01-02T00:00:01Z"


def facts(stage: Stage, *, rolled_out: bool = True, until: str | None = None, is_due: bool = False) -> SigningKeyFacts:
    return SigningKeyFacts("JWT_PRIVATE_KEY", stage, rolled_out, since=PAST, until=until, is_due=is_due)


@pytest.mark.parametrize(
    ("key", "step"),
    [
        (facts("Alone"), None),
        (facts("Alone", is_due=True), "publish"),
        (facts("Alone", rolled_out=False, is_due=True), "note"),
        (facts("NextPublished", rolled_out=False), "note"),
        (facts("NextPublished", until=FUTURE, is_due=True), None),
        (facts("NextPublished", until=PAST), "sign"),
        (facts("PreviousAccepted", rolled_out=False), "note"),
        (facts("PreviousAccepted", until=FUTURE), None),
        (facts("PreviousAccepted", until=PAST, is_due=True), "drop"),
    ],
)
def test_next_step(key: SigningKeyFacts, step: Step | None) -> None:
    assert next_step(key, NOW) == step


def record(stage: Stage, rolled_out_at: str | None = None) -> SigningKeyRecord:
    return SigningKeyRecord(stage=stage, rolled_out_at=rolled_out_at, signs_since=PAST, request="asked")


@pytest.mark.parametrize(
    ("told", "other", "believed"),
    [
        (None, "", None),
        (None, "key", SigningKeyRecord(stage="PreviousAccepted")),
        (record("Alone", PAST), "", record("Alone", PAST)),
        (record("Alone", PAST), "key", record("PreviousAccepted")),
        (record("NextPublished", PAST), "key", record("NextPublished", PAST)),
        (record("NextPublished", PAST), "", record("Alone")),
        (record("PreviousAccepted", PAST), "", record("Alone")),
    ],
)
def test_record_is_believed_as_far_as_the_keys_bear_it_out(
    told: SigningKeyRecord | None, other: str, believed: SigningKeyRecord | None
) -> None:
    assert believed_record(told, other) == believed
