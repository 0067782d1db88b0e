"""ContractCompatible: callers of the revision that was ready last can go on with what is to run."""

from fastapi_fleet.api.conditions import MESSAGE_LIMIT, ConditionType, Reason
from fastapi_fleet.api.preflight_spec import ContractPolicy
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.status.conditions import Finding, fails, holds, shorten, unknown
from fastapi_fleet.status.facts import ContractFacts, ServiceFacts
from fastapi_fleet.status.first_findings import first_of
from fastapi_fleet.status.jobs import beside_what_serves
from fastapi_fleet.status.pods import hide_secrets

KIND = ConditionType.CONTRACT_COMPATIBLE

_ROOM = MESSAGE_LIMIT - 230
"""For findings, beside the callers and the names of revisions."""

_CALLERS_ROOM = 100


def contract_compatible(facts: ServiceFacts) -> Finding | None:
    """None for a service that asks for no document, and while it is paused."""
    policy = contract_policy(facts.spec)
    if policy == "Off" or facts.spec is None or facts.spec.paused:
        return None
    contract = facts.contract
    if contract is None:
        return unknown(KIND, Reason.PENDING, "not compared yet")
    if contract.outcome == "first":
        return holds(KIND, Reason.NOTHING_TO_COMPARE, "no revision before was ready with an OpenAPI document")
    if contract.outcome == "absent":
        return holds(KIND, Reason.CONTRACT_ABSENT, f"nothing was compared: {_why(contract, facts)}")
    if _is_compatible(contract):
        return holds(KIND, Reason.CONTRACT_KEPT, f"callers of revision {contract.against} can go on")
    return _of_risk(policy, contract, facts)


def contract_policy(spec: FastAPIServiceSpec | None) -> ContractPolicy:
    return "Off" if spec is None or spec.preflight is None else spec.preflight.contract.policy


def is_permitted(facts: ServiceFacts) -> bool:
    """Whether what is to run may, as far as its callers are concerned.

    What runs already does, and nobody misses anything of what was ready last when it comes back.
    """
    policy, contract = contract_policy(facts.spec), facts.contract
    if policy in {"Off", "Warn"} or (facts.preflight is not None and facts.preflight.unchanged):
        return True
    if contract is None:
        return False
    return contract.known or _is_compatible(contract) or (policy == "RequireApproval" and contract.approved)


def awaited_approval(facts: ServiceFacts) -> str | None:
    """The revision that a person is to approve of."""
    waits = facts.contract is not None and contract_policy(facts.spec) == "RequireApproval" and not is_permitted(facts)
    return facts.revision if waits else None


def _is_compatible(contract: ContractFacts) -> bool:
    return contract.outcome in {"first", "absent"} or (contract.outcome == "compared" and not contract.breaking)


def _of_risk(policy: ContractPolicy, contract: ContractFacts, facts: ServiceFacts) -> Finding:
    """Something breaks, or it is not known whether anything does."""
    text = _told(contract, facts)
    if not is_permitted(facts):
        asks = policy == "RequireApproval"
        reason = Reason.APPROVAL_NEEDED if asks else Reason.CONTRACT_BLOCKED
        bound = f"fleet approve {facts.name} lets revision {facts.revision} in: " if asks else ""
        return fails(KIND, reason, beside_what_serves(f"{bound}{text}", facts))
    if contract.outcome == "unknown":
        return unknown(KIND, Reason.CONTRACT_UNKNOWN, shorten(text))
    reason = Reason.CONTRACT_APPROVED if contract.approved else Reason.CONTRACT_BROKEN
    return fails(KIND, reason, shorten(text))


def _told(contract: ContractFacts, facts: ServiceFacts) -> str:
    if contract.outcome == "unknown":
        return f"not compared: {_why(contract, facts)}"
    broken = first_of([hide_secrets(finding, facts.secret_values) for finding in contract.breaking], _ROOM)
    callers = f". Called by {first_of(contract.callers, _CALLERS_ROOM)}" if contract.callers else ""
    return f"{len(contract.breaking)} breaking since revision {contract.against}: {broken}{callers}"


def _why(contract: ContractFacts, facts: ServiceFacts) -> str:
    return hide_secrets(contract.why, facts.secret_values)
