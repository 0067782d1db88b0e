"""Which revisions there were: what a rollback can name."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi_fleet.api.resource_status import HISTORY_LIMIT, FastAPIServiceStatus, RevisionRecord
from fastapi_fleet.constants import ANNOTATION_CONFIG_HASH
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import annotation_of
from fastapi_fleet.resources.preflight_job import checked_before
from fastapi_fleet.resources.revision_spec import snapshot_hash, snapshot_in
from fastapi_fleet.status.facts import LiveObject, ServiceFacts
from fastapi_fleet.status.job_answers import schema_answer
from fastapi_fleet.status.jobs import pods_of_job
from fastapi_fleet.status.revisions import image_of, revision_of

_DIGEST = "sha256:"


def revision_history(
    facts: ServiceFacts, previous: FastAPIServiceStatus, *, complete: bool, now: str
) -> list[RevisionRecord]:
    """The revision that is rolled out, first, and those before it. `complete`: its rollout is."""
    deployment = facts.deployment
    if deployment is None or facts.revision is None or revision_of(deployment) != facts.revision:
        return previous.history
    known = next((record for record in previous.history if record.revision == facts.revision), None)
    newest = RevisionRecord(
        revision=facts.revision,
        image=image_of(deployment),
        digest=(known.digest if known else None) or _digest(facts),
        config_hash=_config_hash(deployment),
        spec_hash=_spec_hash(deployment),
        check=checked_before(deployment) or (known.check if known else None),
        first_seen=known.first_seen if known else now,
        rolled_out=_rolled_out(previous.history, known, now),
        migrations=_migrations(facts, previous.history, known),
        ready=complete or (known is not None and known.ready),
    )
    others = [record for record in previous.history if record.revision != facts.revision]
    return list(_trimmed([newest, *others], kept=_never_dropped(facts, previous)))


def _migrations(facts: ServiceFacts, history: Sequence[RevisionRecord], known: RevisionRecord | None) -> str | None:
    """The Job that changed the schema last, which need not be the revision's own: that may have had nothing to do."""
    before = known.migrations if known else None
    if facts.migration is None:
        return before
    pods = pods_of_job(facts.migration_pods, facts.migration)
    if schema_answer(pods) is not None:
        return before or next((record.migrations for record in history if record is not known), None)
    own: str = facts.migration["metadata"]["name"]
    return before if before and not pods else own


def _rolled_out(history: Sequence[RevisionRecord], known: RevisionRecord | None, now: str) -> str | None:
    """None for a rollout that an operator began which did not write it down."""
    return known.rolled_out if known is not None and known is history[0] else now


def _trimmed(records: Sequence[RevisionRecord], kept: frozenset[str | None]) -> Iterator[RevisionRecord]:
    """The first ones, as many as there is room for beside those that are never dropped."""
    room = HISTORY_LIMIT - sum(record.revision in kept for record in records)
    for record in records:
        if record.revision in kept:
            yield record
        elif room > 0:
            room -= 1
            yield record


def _never_dropped(facts: ServiceFacts, previous: FastAPIServiceStatus) -> frozenset[str | None]:
    wanted = facts.spec.rollout.rollback_to if facts.spec else None
    return frozenset({facts.revision, previous.last_ready_revision, wanted})


def _config_hash(deployment: LiveObject) -> str | None:
    return annotation_of(deployment["spec"]["template"], ANNOTATION_CONFIG_HASH)


def _spec_hash(deployment: LiveObject) -> str | None:
    snapshot = snapshot_in(deployment)
    return None if snapshot is None else snapshot_hash(snapshot)


def _digest(facts: ServiceFacts) -> str | None:
    pods = (pod for pod in facts.pods if revision_of(pod) == facts.revision)
    containers: Iterator[Mapping[str, Any]] = (
        container for pod in pods for container in (pod.get("status") or {}).get("containerStatuses") or ()
    )
    told = (container.get("imageID", "") for container in containers if container["name"] == names.APP_CONTAINER)
    return next((image[image.index(_DIGEST) :] for image in told if _DIGEST in image), None)
