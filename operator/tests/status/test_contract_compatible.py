"""ContractCompatible: what each policy makes of a comparison."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi_fleet.api.conditions import MESSAGE_LIMIT, Reason
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.status.conditions import Finding
from fastapi_fleet.status.contract_compatible import awaited_approval, contract_compatible, is_permitted
from fastapi_fleet.status.facts import ContractFacts, PreflightFacts, ServiceFacts
from support.live import deployment

KEPT = ContractFacts("compared", against="before")
FIRST = ContractFacts("first")
ABSENT = ContractFacts("absent", why="app.main:app: the image has no module app")
UNKNOWN = ContractFacts("unknown", why="RuntimeError: s3cret")
BROKEN = ContractFacts("compared", against="before", breaking=("GET /users: gone s3cret",), callers=("cart", "web"))
APPROVED = ContractFacts("compared", against="before", breaking=("GET /users: gone",), approved=True)
UNKNOWN_APPROVED = ContractFacts("unknown", why="RuntimeError: no", approved=True)


def facts(policy: str, contract: ContractFacts | None, *, unchanged: bool = False, **spec: Any) -> ServiceFacts:
    given = {"image": "i", "preflight": {"contract": {"policy": policy}}, **spec}
    return ServiceFacts(
        namespace="team",
        name="shop",
        generation=1,
        spec=FastAPIServiceSpec.model_validate(given),
        preflight=PreflightFacts(None, unchanged=unchanged),
        contract=contract,
        revision="wanted",
        deployment=deployment(revision="before"),
        secret_values=("s3cret",),
    )


def finding(given: ServiceFacts) -> Finding:
    found = contract_compatible(given)
    assert found is not None
    return found


CASES: dict[str, tuple[str, ContractFacts | None, str, Reason, bool]] = {
    "warn, not yet": ("Warn", None, "Unknown", Reason.PENDING, True),
    "warn, kept": ("Warn", KEPT, "True", Reason.CONTRACT_KEPT, True),
    "warn, first": ("Warn", FIRST, "True", Reason.NOTHING_TO_COMPARE, True),
    "warn, absent": ("Warn", ABSENT, "True", Reason.CONTRACT_ABSENT, True),
    "warn, unknown": ("Warn", UNKNOWN, "Unknown", Reason.CONTRACT_UNKNOWN, True),
    "warn, broken": ("Warn", BROKEN, "False", Reason.CONTRACT_BROKEN, True),
    "block, not yet": ("Block", None, "Unknown", Reason.PENDING, False),
    "block, kept": ("Block", KEPT, "True", Reason.CONTRACT_KEPT, True),
    "block, first": ("Block", FIRST, "True", Reason.NOTHING_TO_COMPARE, True),
    "block, absent": ("Block", ABSENT, "True", Reason.CONTRACT_ABSENT, True),
    "block, unknown": ("Block", UNKNOWN, "False", Reason.CONTRACT_BLOCKED, False),
    "block, broken": ("Block", BROKEN, "False", Reason.CONTRACT_BLOCKED, False),
    "block, approved": ("Block", APPROVED, "False", Reason.CONTRACT_BLOCKED, False),
    "approval, not yet": ("RequireApproval", None, "Unknown", Reason.PENDING, False),
    "approval, kept": ("RequireApproval", KEPT, "True", Reason.CONTRACT_KEPT, True),
    "approval, first": ("RequireApproval", FIRST, "True", Reason.NOTHING_TO_COMPARE, True),
    "approval, absent": ("RequireApproval", ABSENT, "True", Reason.CONTRACT_ABSENT, True),
    "approval, unknown": ("RequireApproval", UNKNOWN, "False", Reason.APPROVAL_NEEDED, False),
    "approval, unknown and approved": ("RequireApproval", UNKNOWN_APPROVED, "Unknown", Reason.CONTRACT_UNKNOWN, True),
    "approval, broken": ("RequireApproval", BROKEN, "False", Reason.APPROVAL_NEEDED, False),
    "approval, broken and approved": ("RequireApproval", APPROVED, "False", Reason.CONTRACT_APPROVED, True),
}


@pytest.mark.parametrize(("policy", "contract", "status", "reason", "may"), CASES.values(), ids=CASES.keys())
def test_policy_decides_what_a_comparison_means(
    policy: str, contract: ContractFacts | None, status: str, reason: Reason, *, may: bool
) -> None:
    given = facts(policy, contract)
    found = finding(given)
    assert (found.status, found.reason, is_permitted(given)) == (status, reason, may)
    assert "s3cret" not in found.message
    assert awaited_approval(given) == ("wanted" if reason is Reason.APPROVAL_NEEDED else None)


@pytest.mark.parametrize("policy", ["Block", "RequireApproval"])
def test_what_was_ready_last_may_come_back(policy: str) -> None:
    given = facts(policy, replace(BROKEN, known=True))
    assert (is_permitted(given), finding(given).reason) == (True, Reason.CONTRACT_BROKEN)


@pytest.mark.parametrize("policy", ["Block", "RequireApproval"])
def test_what_runs_already_is_not_held_and_still_told_of(policy: str) -> None:
    given = facts(policy, BROKEN, unchanged=True)
    assert (is_permitted(given), finding(given).reason) == (True, Reason.CONTRACT_BROKEN)
    assert awaited_approval(given) is None


@pytest.mark.parametrize("spec", [{"preflight": None}, {"preflight": {"contract": {"policy": "Off"}}}], ids=str)
def test_says_nothing_and_holds_nothing_where_nothing_is_asked(spec: dict[str, Any]) -> None:
    given = facts("Block", BROKEN, **spec)
    assert (contract_compatible(given), is_permitted(given)) == (None, True)


def test_says_nothing_while_paused() -> None:
    assert contract_compatible(facts("Block", BROKEN, paused=True)) is None


def test_message_of_what_is_held_says_what_breaks_for_whom_and_what_stays() -> None:
    assert finding(facts("Block", BROKEN)).message == (
        "1 breaking since revision before: GET /users: gone ***. Called by cart; web (revision before stays)"
    )
    assert finding(facts("RequireApproval", BROKEN)).message.startswith(
        "fleet approve shop lets revision wanted in: 1 breaking"
    )


def test_message_names_whole_findings_and_callers_and_how_many_are_left() -> None:
    many = ContractFacts(
        "compared",
        against="3326a7b6b0a2f753",
        breaking=tuple(f"GET /users/{at}: the operation is gone" for at in range(40)),
        callers=tuple(f"caller-{at}" for at in range(40)),
    )
    message = finding(facts("RequireApproval", many)).message
    assert len(message) <= MESSAGE_LIMIT
    told, named = message.count("is gone"), message.count("caller-")
    assert "40 breaking since revision 3326a7b6b0a2f753: GET /users/0: the operation is gone; " in message
    assert f"; and {40 - told} more. Called by caller-0; " in message
    assert message.endswith(f"; and {40 - named} more (revision before stays)")
