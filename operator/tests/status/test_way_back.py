"""Which revision takes over from one that did not get ready, and why none does."""

from typing import Any

import pytest
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.resource_status import RevisionRecord
from fastapi_fleet.status.way_back import NoWayBack, refused_by_schema, way_back

RESTORABLE = frozenset({"good", "bad"})


def record(revision: str, image: str, spec_hash: str | None, **more: Any) -> RevisionRecord:
    given = {"first_seen": "2026-01-01T00:00:00Z", "ready": False, **more}
    return RevisionRecord(revision=revision, image=image, spec_hash=spec_hash, **given)


BAD = record("b", "shop:2", "bad")
GOOD = record("a", "shop:1", "good", ready=True)
OLDER = record("0", "shop:0", "older", ready=True)


def test_last_ready_revision_takes_over_and_never_one_before_it() -> None:
    assert way_back([BAD, OLDER, GOOD], BAD, GOOD.revision, RESTORABLE) == GOOD


NO_WAYS: dict[str, tuple[list[RevisionRecord], str | None, frozenset[str], str]] = {
    "first ever": ([BAD], None, RESTORABLE, "no revision was ever ready"),
    "it was forgotten": ([BAD], "a", RESTORABLE, "no revision was ever ready"),
    "ready once itself": ([BAD, GOOD], "b", RESTORABLE, "revision b (shop:2) is itself the last one that was ready"),
    "nothing kept": ([BAD, GOOD], "a", frozenset({"bad"}), "of revision a (shop:1) nothing is kept"),
    "nothing kept of either": (
        [record("b", "shop:2", None), record("a", "shop:1", None)],
        "a",
        frozenset(),
        "of revision a (shop:1) nothing is kept",
    ),
    "nothing kept, though something older is": ([BAD, GOOD, OLDER], "a", frozenset({"older"}), "nothing is kept"),
    "only contents changed": ([BAD, record("a", "shop:2", "bad")], "a", RESTORABLE, "differs only in what is not kept"),
}


@pytest.mark.parametrize(("history", "last_ready", "restorable", "message"), NO_WAYS.values(), ids=NO_WAYS.keys())
def test_revision_stays(
    history: list[RevisionRecord], last_ready: str | None, restorable: frozenset[str], message: str
) -> None:
    found = way_back(history, history[0], last_ready, restorable)
    assert isinstance(found, NoWayBack)
    assert found.reason is Reason.NOTHING_TO_GO_BACK_TO
    assert message in found.message


@pytest.mark.parametrize(
    ("ran", "runs", "is_there"),
    [
        ("sha256:1", "sha256:2", False),
        ("sha256:1", "sha256:1", True),
        (None, "sha256:2", True),
        ("sha256:1", None, True),
    ],
)
def test_tag_that_has_moved_is_no_way_back(ran: str | None, runs: str | None, is_there: bool) -> None:  # noqa: FBT001 - a case
    good, bad = record("a", "shop:latest", "good", digest=ran), record("b", "shop:latest", "bad", digest=runs)
    assert (way_back([bad, good], bad, "a", RESTORABLE) == good) is is_there


MIGRATED, BEFORE = record("b", "shop:2", "bad", migrations="job-2"), record("a", "shop:1", "good", migrations="job-1")
SAME = record("a", "shop:2", "good", migrations="job-2")

SCHEMAS: dict[str, tuple[str, RevisionRecord, RevisionRecord, str | None, frozenset[str], str | None]] = {
    "no migrations": ("UnlessMigrated", BAD, GOOD, None, frozenset(), None),
    "no migrations any more": ("UnlessMigrated", BAD, BEFORE, None, frozenset(), None),
    "the same Job": ("UnlessMigrated", MIGRATED, SAME, "job-2", frozenset({"job-2"}), None),
    "another Job": ("UnlessMigrated", MIGRATED, BEFORE, "job-1", frozenset({"job-1", "job-2"}), "has migrated"),
    "migrated for the first time": ("UnlessMigrated", MIGRATED, GOOD, "job-1", frozenset({"job-2"}), "has migrated"),
    "allowed": ("Always", MIGRATED, BEFORE, "job-1", frozenset({"job-1", "job-2"}), None),
    "allowed, and the Job is gone": ("Always", MIGRATED, BEFORE, "job-1", frozenset({"job-2"}), "job-1 is not there"),
    "allowed, and it never had a Job": ("Always", MIGRATED, GOOD, "job-0", frozenset({"job-2"}), "job-0 is not there"),
    "allowed, and nothing migrates any more": ("Always", MIGRATED, BEFORE, None, frozenset(), None),
}


@pytest.mark.parametrize(
    ("mode", "failed", "target", "needed", "migrated", "message"), SCHEMAS.values(), ids=SCHEMAS.keys()
)
def test_schema_decides(
    *,
    mode: str,
    failed: RevisionRecord,
    target: RevisionRecord,
    needed: str | None,
    migrated: frozenset[str],
    message: str | None,
) -> None:
    found = refused_by_schema(mode, failed, target, needed, migrated)
    assert (found is None) is (message is None)
    if found is not None and message is not None:
        assert found.reason is Reason.MIGRATIONS_HAVE_RUN
        assert message in found.message
