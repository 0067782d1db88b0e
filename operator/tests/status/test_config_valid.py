"""ConfigValid, from a Job, its pods and what the script in them has written."""

import json
from typing import Any

import pytest
from fastapi_fleet.api.conditions import MESSAGE_LIMIT, Reason
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.status.conditions import Finding
from fastapi_fleet.status.config_valid import config_valid, is_accepted
from fastapi_fleet.status.facts import LiveObject, PreflightFacts, ServiceFacts
from fastapi_fleet.status.jobs import LABEL_JOB
from support.live import deployment

REFUSED = 3


def job(how: str = "") -> LiveObject:
    conditions = [{"type": how, "status": "True", "message": "it is over"}] if how else []
    return {"metadata": {"name": "shop-preflight-1"}, "status": {"conditions": conditions}}


def pod(state: dict[str, Any], of: str = "shop-preflight-1") -> LiveObject:
    container = {"name": "app", "ready": False, "restartCount": 0, "state": state}
    return {
        "metadata": {"name": f"{of}-x", "labels": {LABEL_JOB: of}},
        "status": {"containerStatuses": [container]},
    }


def answered(outcome: str, *findings: tuple[str, str], more: int = 0, of: str = "shop-preflight-1") -> LiveObject:
    told = [{"where": where, "what": what} for where, what in findings]
    message = json.dumps({"outcome": outcome, "findings": told, "more": more, "of a later version": 1})
    return pod({"terminated": {"exitCode": REFUSED if outcome == "refused" else 0, "message": message}}, of)


def finding(preflight: PreflightFacts | None, spec: dict[str, Any] | None = None, **facts: Any) -> Finding | None:
    return config_valid(
        ServiceFacts(
            namespace="team",
            name="shop",
            generation=1,
            spec=FastAPIServiceSpec.model_validate({"image": "i", **({"preflight": {}} if spec is None else spec)}),
            preflight=preflight,
            secret_values=("s3cret",),
            **facts,
        )
    )


@pytest.mark.parametrize("spec", [{}, {"preflight": {}, "paused": True}], ids=str)
def test_says_nothing_of_a_service_that_asks_for_nothing_or_is_paused(spec: dict[str, Any]) -> None:
    assert finding(PreflightFacts(job("Complete")), spec) is None


BAD = answered("refused", ("PORT", "Input should be a valid integer"), ("KEY", "s3cret is too short"))
CRASHED = pod({"terminated": {"exitCode": 137, "reason": "OOMKilled"}})
STARTING = pod({"waiting": {"reason": "ContainerCreating"}})
UNPULLABLE = pod({"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}})
WITHOUT_PYTHON = pod({"terminated": {"exitCode": 128, "reason": "StartError", "message": 'exec: "python": not found'}})

CASES: dict[str, tuple[PreflightFacts | None, str, Reason, str]] = {
    "not begun": (None, "Unknown", Reason.PENDING, "not checked yet"),
    "runs already": (PreflightFacts(None), "True", Reason.UNCHANGED, "run already"),
    "running": (PreflightFacts(job(), (STARTING,)), "False", Reason.CHECKING, "Job shop-preflight-1 runs"),
    "over for the pod": (PreflightFacts(job(), (BAD,)), "False", Reason.CHECKING, "Job shop-preflight-1 runs"),
    "image": (PreflightFacts(job(), (UNPULLABLE,)), "False", Reason.IMAGE_PULL_FAILED, "no such image"),
    "accepted": (
        PreflightFacts(job("Complete"), (answered("accepted"),)),
        "True",
        Reason.SETTINGS_ACCEPTED,
        "Job shop-preflight-1 has made the settings",
    ),
    "accepted, its pod gone": (PreflightFacts(job("Complete")), "True", Reason.SETTINGS_ACCEPTED, "has made"),
    "absent": (
        PreflightFacts(job("Complete"), (answered("absent", ("app.config:Settings", "the image has no module app")),)),
        "True",
        Reason.SETTINGS_ABSENT,
        "nothing was checked: app.config:Settings: the image has no module app",
    ),
    "refused": (
        PreflightFacts(job("Failed"), (BAD,)),
        "False",
        Reason.SETTINGS_REFUSED,
        "Job shop-preflight-1: PORT: Input should be a valid integer; KEY: *** is too short",
    ),
    "refused without a word": (
        PreflightFacts(job("Failed"), (answered("refused"),)),
        "False",
        Reason.SETTINGS_REFUSED,
        "the image does not say why",
    ),
    "killed": (PreflightFacts(job("Failed"), (CRASHED,)), "False", Reason.PREFLIGHT_FAILED, "more memory than"),
    "no python": (
        PreflightFacts(job("Failed"), (WITHOUT_PYTHON,)),
        "False",
        Reason.PREFLIGHT_FAILED,
        'ended with exit code 128: exec: "python": not found',
    ),
    "its pods gone": (PreflightFacts(job("Failed")), "False", Reason.PREFLIGHT_FAILED, "has failed: it is over"),
    "of another Job": (
        PreflightFacts(job("Failed"), (answered("refused", ("PORT", "bad"), of="another"),)),
        "False",
        Reason.PREFLIGHT_FAILED,
        "it is over",
    ),
}


@pytest.mark.parametrize(("preflight", "status", "reason", "part"), CASES.values(), ids=CASES.keys())
def test_tells_what_was_found(preflight: PreflightFacts | None, status: str, reason: Reason, part: str) -> None:
    found = finding(preflight)
    assert found is not None
    assert (found.status, found.reason) == (status, reason)
    assert part in found.message
    assert is_accepted(preflight) == (status == "True")


def test_names_whole_findings_and_the_revision_that_stays() -> None:
    many = answered("refused", *((f"VARIABLE_{at}", "Field required") for at in range(20)), more=5)
    found = finding(PreflightFacts(job("Failed"), (many,)), deployment=deployment(revision="before"))
    assert found is not None
    assert len(found.message) <= MESSAGE_LIMIT
    told = found.message.count("Field required")
    assert found.message.endswith(f"; and {25 - told} more (revision before stays)")
