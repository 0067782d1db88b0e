"""Which revision is to run in place of one that did not get ready in time, or why none is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.resource_status import RevisionRecord
from fastapi_fleet.status.revisions import named


@dataclass(frozen=True)
class NoWayBack:
    """Why the revision that failed stays."""

    reason: Reason
    message: str


def way_back(
    history: Sequence[RevisionRecord], failed: RevisionRecord, last_ready: str | None, restorable: Collection[str]
) -> RevisionRecord | NoWayBack:
    """The last revision that was ready, if it differs in what can be restored. `restorable`: hashes of kept specs."""
    target = next((record for record in history if record.revision == last_ready), None)
    if target is None:
        return _nothing("no revision was ever ready")
    if target.revision == failed.revision:
        return _nothing(
            f"{_named(failed)} is itself the last one that was ready: what has changed since, such as its worker "
            "alone, is not kept apart"
        )
    if target.spec_hash not in restorable:
        return _nothing(f"of {_named(target)} nothing is kept that fits the rest of the spec")
    if target.spec_hash == failed.spec_hash:
        return _nothing(
            f"{_named(target)} differs only in what is not kept: contents of Secrets and ConfigMaps, database or broker"
        )
    if target.image == failed.image and _differ(target.digest, failed.digest):
        return _nothing(f"{_named(target)} ran another image: its tag has moved to the one that fails")
    return target


def refused_by_schema(
    mode: str, failed: RevisionRecord, target: RevisionRecord, needed: str | None, migrated: Collection[str]
) -> NoWayBack | None:
    """`needed`: the Job that the target waits for, `migrated`: those that have succeeded."""
    if failed.migrations is None or failed.migrations == target.migrations:
        return None
    if mode != "Always":
        return NoWayBack(
            Reason.MIGRATIONS_HAVE_RUN,
            f"Job {failed.migrations} has migrated the database since {_named(target)}, which may not know its schema "
            "of today; spec.rollout.autoRollback: Always would go back all the same",
        )
    if needed is not None and needed not in migrated:
        message = f"{_named(target)} would be migrated for again: its Job {needed} is not there"
        return NoWayBack(Reason.MIGRATIONS_HAVE_RUN, message)
    return None


def _nothing(message: str) -> NoWayBack:
    return NoWayBack(Reason.NOTHING_TO_GO_BACK_TO, message)


def _named(record: RevisionRecord) -> str:
    return named(record.revision, record.image)


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other
