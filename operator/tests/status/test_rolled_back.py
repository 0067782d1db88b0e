"""RolledBack says which revision runs in place of which."""

from typing import Any

from fastapi_fleet.api.resource_status import RevisionRecord
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.status.facts import ServiceFacts
from fastapi_fleet.status.rolled_back import rolled_back

GOOD = RevisionRecord(revision="0" * 16, image="shop:1", spec_hash="one", first_seen="2026-01-01T00:00:00Z", ready=True)
BAD = RevisionRecord(revision="b" * 16, image="shop:2", spec_hash="two", first_seen="2026-01-02T00:00:00Z", ready=True)


def facts(revision: str | None = GOOD.revision, **rollout: Any) -> ServiceFacts:
    spec = FastAPIServiceSpec.model_validate({"image": "shop:1", "rollout": rollout})
    return ServiceFacts(namespace="team", name="shop", generation=3, spec=spec, revision=revision)


def test_rollback_names_both_revisions() -> None:
    finding = rolled_back(facts(rollbackTo=GOOD.revision), [BAD, GOOD])
    assert finding is not None
    assert (finding.type, finding.status, finding.reason) == ("RolledBack", "True", "RolledBack")
    assert finding.message == (
        "spec.rollout.rollbackTo: revision 0000000000000000 (shop:1) in place of revision bbbbbbbbbbbbbbbb (shop:2); "
        "take the field out to go forward"
    )


def test_message_stays_when_the_history_is_told_anew() -> None:
    found = facts(rollbackTo=GOOD.revision)
    assert rolled_back(found, [BAD, GOOD]) == rolled_back(found, [GOOD, BAD])


def test_revision_whose_secrets_have_changed_since_is_told_by_both_its_names() -> None:
    again = GOOD.model_copy(update={"revision": "a" * 16, "first_seen": "2026-01-03T00:00:00Z"})
    finding = rolled_back(facts(again.revision, rollbackTo=GOOD.revision), [again, BAD, GOOD])
    assert finding is not None
    assert "(shop:1), as aaaaaaaaaaaaaaaa since what it reads has changed, in place of revision bbbb" in finding.message


def test_pin_to_the_only_revision_replaces_none() -> None:
    finding = rolled_back(facts(rollbackTo=GOOD.revision), [GOOD])
    assert finding is not None
    assert "in place" not in finding.message


def test_service_that_goes_forward_has_no_such_condition() -> None:
    assert rolled_back(facts(), [BAD, GOOD]) is None


def test_nothing_is_claimed_of_a_revision_that_is_unknown_or_not_rendered() -> None:
    assert rolled_back(facts(rollbackTo="f" * 16), [BAD, GOOD]) is None
    assert rolled_back(facts(None, rollbackTo=GOOD.revision), [BAD, GOOD]) is None
