"""Conditions as the list in status: who changes lastTransitionTime, and what fits."""

from fastapi_fleet.api.conditions import MESSAGE_LIMIT, Condition, ConditionType, Reason
from fastapi_fleet.api.resource_status import NEVER
from fastapi_fleet.status.conditions import Finding, fails, holds, merge, shorten, unknown

BEFORE = "2026-01-01T00:00:00Z"
NOW = "2026-01-02T00:00:00Z"


def known(status: str, kind: ConditionType = ConditionType.READY) -> Condition:
    return Condition.model_validate(
        {"type": kind, "status": status, "reason": "Pending", "message": "", "lastTransitionTime": BEFORE}
    )


def merged(finding: Finding, *previous: Condition) -> Condition:
    (condition,) = merge([finding], previous, generation=4, now=NOW)
    return condition


def test_transition_time_stays_while_the_status_does() -> None:
    condition = merged(fails(ConditionType.READY, Reason.CRASH_LOOP, "again"), known("False"))
    assert condition.last_transition_time == BEFORE
    assert (condition.reason, condition.message) == (Reason.CRASH_LOOP, "again")


def test_transition_time_moves_with_the_status() -> None:
    condition = merged(holds(ConditionType.READY, Reason.AVAILABLE, ""), known("False"))
    assert condition.last_transition_time == NOW


def test_first_transition_is_now() -> None:
    condition = merged(holds(ConditionType.READY, Reason.AVAILABLE, ""), known("True", ConditionType.PAUSED))
    assert condition.last_transition_time == NOW


def test_condition_speaks_of_the_generation_of_the_pass() -> None:
    assert merged(holds(ConditionType.READY, Reason.AVAILABLE, "")).observed_generation == 4


def test_condition_that_is_no_longer_found_goes_and_the_others_keep_their_order() -> None:
    findings = [holds(ConditionType.READY, Reason.AVAILABLE, ""), holds(ConditionType.PAUSED, Reason.PAUSED, "")]
    conditions = merge(findings, [known("True", ConditionType.STALLED)], generation=1, now=NOW)
    assert [condition.type for condition in conditions] == ["Ready", "Paused"]


def test_long_message_is_cut_to_the_limit() -> None:
    assert shorten("x" * MESSAGE_LIMIT) == "x" * MESSAGE_LIMIT
    cut = shorten("x" * (MESSAGE_LIMIT + 1))
    assert len(cut) == MESSAGE_LIMIT
    assert cut.endswith("…")


def test_condition_of_the_schemas_default_has_changed_now() -> None:
    unseen = known("Unknown").model_copy(update={"last_transition_time": NEVER})
    assert merged(unknown(ConditionType.READY, Reason.PENDING, "begins"), unseen).last_transition_time != NEVER
