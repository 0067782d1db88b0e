"""Ready, Reconciling and Stalled, by the rules that kubectl wait, Helm and Flux read (kstatus)."""

import pytest
from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.status.conditions import Finding, fails, holds, unknown
from fastapi_fleet.status.summary import STALLED_REASONS, summarise
from hypothesis import given
from hypothesis import strategies as st

SPEC = holds(ConditionType.SPEC_VALID, Reason.AS_SPECIFIED, "the spec is valid")
ROLLOUT = holds(ConditionType.ROLLOUT_COMPLETE, Reason.AVAILABLE, "1 of 1 pods available")


def summary(*steps: Finding) -> dict[str, Finding]:
    return {finding.type: finding for finding in summarise(steps)}


def test_ready_when_every_step_holds() -> None:
    conditions = summary(SPEC, ROLLOUT)
    assert conditions["Ready"] == holds(ConditionType.READY, Reason.AVAILABLE, "1 of 1 pods available")
    assert conditions.keys().isdisjoint({"Reconciling", "Stalled"})


def test_step_that_fails_is_the_reason_and_work_goes_on() -> None:
    conditions = summary(SPEC, fails(ConditionType.ROLLOUT_COMPLETE, Reason.ROLLING_OUT, "0 of 1"))
    assert conditions["Ready"] == fails(ConditionType.READY, Reason.ROLLING_OUT, "0 of 1")
    assert conditions["Reconciling"] == holds(ConditionType.RECONCILING, Reason.ROLLING_OUT, "0 of 1")
    assert "Stalled" not in conditions


@pytest.mark.parametrize("reason", sorted(STALLED_REASONS))
def test_stalled_where_a_person_must_act(reason: Reason) -> None:
    conditions = summary(SPEC, fails(ConditionType.ROLLOUT_COMPLETE, reason, "why"))
    assert conditions["Ready"].status == "False"
    assert conditions["Stalled"] == holds(ConditionType.STALLED, reason, "why")
    assert "Reconciling" not in conditions


def test_first_of_several_failures_is_the_reason() -> None:
    conditions = summary(
        SPEC,
        fails(ConditionType.DATABASE_READY, Reason.BACKEND_NOT_READY, "database"),
        fails(ConditionType.ROLLOUT_COMPLETE, Reason.ROLLING_OUT, "rollout"),
    )
    assert conditions["Ready"].message == "database"


def test_failure_says_more_than_what_was_not_looked_at_because_of_it() -> None:
    conditions = summary(
        SPEC,
        unknown(ConditionType.DATABASE_READY, Reason.PENDING, "not looked at yet"),
        fails(ConditionType.ROLLOUT_COMPLETE, Reason.NOT_OWNED, "Deployment team/shop exists"),
    )
    assert (conditions["Ready"].status, conditions["Ready"].reason) == ("False", Reason.NOT_OWNED)
    assert "Stalled" in conditions


def test_ready_is_unknown_where_nothing_has_failed_yet() -> None:
    conditions = summary(SPEC, unknown(ConditionType.ROLLOUT_COMPLETE, Reason.PENDING, "no pods yet"))
    assert (conditions["Ready"].status, conditions["Ready"].reason) == ("Unknown", Reason.PENDING)
    assert "Reconciling" in conditions


def test_another_service_that_is_not_ready_does_not_take_this_one_down() -> None:
    waiting = fails(ConditionType.DEPENDENCIES_READY, Reason.SERVICE_NOT_READY, "users not Ready")
    conditions = summary(SPEC, waiting, ROLLOUT)
    assert conditions["Ready"].status == "True"
    assert conditions["DependenciesReady"] == waiting


@pytest.mark.parametrize("kind", [ConditionType.PRODUCTION_GRADE, ConditionType.PAUSED])
def test_what_only_informs_does_not_count(kind: ConditionType) -> None:
    assert summary(SPEC, ROLLOUT, fails(kind, Reason.EMBEDDED, "development only"))["Ready"].status == "True"


TOLD_ONLY = {
    Reason.SERVICE_NOT_READY,
    Reason.CONTRACT_UNKNOWN,
    Reason.CONTRACT_BROKEN,
    Reason.CONTRACT_APPROVED,
}


@pytest.mark.parametrize("reason", sorted(TOLD_ONLY))
def test_what_is_told_of_a_service_that_runs_does_not_count(reason: Reason) -> None:
    told = fails(ConditionType.CONTRACT_COMPATIBLE, reason, "something is gone")
    assert summary(SPEC, told, ROLLOUT)["Ready"].status == "True"


steps = st.builds(
    Finding,
    st.sampled_from([ConditionType.DATABASE_READY, ConditionType.ROLLOUT_COMPLETE, ConditionType.DEPENDENCIES_READY]),
    st.sampled_from(["True", "False", "Unknown"]),
    st.sampled_from(sorted(set(Reason) - TOLD_ONLY)),
    st.just("why"),
)


@given(st.lists(steps, max_size=4))
def test_exactly_one_of_ready_reconciling_and_stalled_is_true(found: list[Finding]) -> None:
    conditions = list(summarise(found))
    true = [item for item in conditions if item.status == "True" and item.type in {"Ready", "Reconciling", "Stalled"}]
    assert len(true) == 1
    assert (true[0].type == "Ready") == all(step.status == "True" for step in found)
    assert conditions[0].type == "Ready"
