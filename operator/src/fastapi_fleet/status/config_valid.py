"""ConfigValid: the settings of the coming image accept the configuration of the coming pods."""

from fastapi_fleet.api.conditions import MESSAGE_LIMIT, ConditionType, Reason
from fastapi_fleet.preflight.answer import CheckAnswer
from fastapi_fleet.status.conditions import Finding, fails, holds, unknown
from fastapi_fleet.status.facts import LiveObject, PreflightFacts, ServiceFacts
from fastapi_fleet.status.first_findings import first_of
from fastapi_fleet.status.job_answers import answers
from fastapi_fleet.status.jobs import beside_what_serves, failure_of, has_succeeded, pods_of_job
from fastapi_fleet.status.pods import ENDED, first_cause, hide_secrets

KIND = ConditionType.CONFIG_VALID

_ROOM = MESSAGE_LIMIT - 150
"""For findings, beside the names of the Job and of the revision that stays."""


def config_valid(facts: ServiceFacts) -> Finding | None:
    """None for a service that wants no preflight, and while it is paused."""
    if facts.spec is None or facts.spec.paused or facts.spec.preflight is None:
        return None
    if facts.preflight is None:
        return unknown(KIND, Reason.PENDING, "not checked yet")
    if facts.preflight.job is None or _is_asked_late(facts.preflight):
        return holds(KIND, Reason.UNCHANGED, "image and configuration are those that run already")
    return _of_job(facts, facts.preflight.job, facts.preflight)


def is_accepted(preflight: PreflightFacts | None) -> bool:
    """Whether what was checked may run."""
    return preflight is not None and (preflight.unchanged or preflight.job is None or has_succeeded(preflight.job))


def _is_asked_late(preflight: PreflightFacts) -> bool:
    """For the document of what runs: what its settings say now changes nothing."""
    return preflight.unchanged and preflight.job is not None and not has_succeeded(preflight.job)


def _of_job(facts: ServiceFacts, job: LiveObject, preflight: PreflightFacts) -> Finding:
    name, pods = job["metadata"]["name"], pods_of_job(preflight.pods, job)
    answer = next((answer for _, answer in answers(pods)), None)
    if has_succeeded(job):
        return _accepted(facts, name, answer)
    failure, cause = failure_of(job), first_cause(pods, facts.secret_values)
    if failure is not None and answer is not None and answer.outcome == "refused":
        text = f"Job {name}: {_told(answer, facts)}"
        return fails(KIND, Reason.SETTINGS_REFUSED, beside_what_serves(text, facts))
    if failure is not None:
        told = cause.message if cause else failure.get("message", "no attempt succeeded")
        return fails(KIND, Reason.PREFLIGHT_FAILED, beside_what_serves(f"Job {name} has failed: {told}", facts))
    if cause is None or cause.reason in ENDED:
        return fails(KIND, Reason.CHECKING, f"Job {name} runs")
    return fails(KIND, cause.reason, f"Job {name}: {cause.message}")


def _accepted(facts: ServiceFacts, name: str, answer: CheckAnswer | None) -> Finding:
    if answer is not None and answer.outcome == "absent":
        return holds(KIND, Reason.SETTINGS_ABSENT, f"nothing was checked: {_told(answer, facts)}")
    return holds(KIND, Reason.SETTINGS_ACCEPTED, f"Job {name} has made the settings")


def _told(answer: CheckAnswer, facts: ServiceFacts) -> str:
    """Whole findings, as many as there is room for. Secrets are hidden before anything is cut."""
    findings = [hide_secrets(str(finding), facts.secret_values) for finding in answer.findings]
    return first_of(findings, _ROOM, more=answer.more) or "the image does not say why"
