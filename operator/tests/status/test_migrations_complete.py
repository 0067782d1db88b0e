"""MigrationsComplete, from a Job and its pods."""

import json
from typing import Any

import pytest
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import ANNOTATION_REVISION
from fastapi_fleet.status.conditions import Finding
from fastapi_fleet.status.facts import LiveObject, ServiceFacts
from fastapi_fleet.status.jobs import LABEL_JOB
from fastapi_fleet.status.migrations_complete import migrations_complete

MIGRATED_APART = {"database": {"migrations": {"command": ["migrate"]}}}
DEPLOYMENT = {"metadata": {"name": "shop", "annotations": {ANNOTATION_REVISION: "before"}}}


def job(*conditions: dict[str, str]) -> LiveObject:
    return {"metadata": {"name": "shop-migrate-1"}, "status": {"conditions": list(conditions)}}


COMPLETE = job({"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"})
FAILED = job({"type": "Failed", "status": "True", "message": "Job was active longer than specified deadline"})


def pod(state: dict[str, Any], of: str = "shop-migrate-1") -> LiveObject:
    container = {"name": "app", "ready": False, "restartCount": 0, "state": state}
    return {
        "metadata": {"name": f"{of}-x", "labels": {LABEL_JOB: of}},
        "status": {"containerStatuses": [container]},
    }


CRASHED = pod({"terminated": {"exitCode": 1, "message": "Running\nThe migration failed: s3cret is no column"}})
UNPULLABLE = pod({"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}})


def answered(**answer: Any) -> LiveObject:
    return pod({"terminated": {"exitCode": 0, "message": json.dumps(answer)}})


CURRENT = answered(outcome="current", heads=["0004"], database=["0004"])
AHEAD = answered(outcome="ahead", heads=["0004"], database=["0005"], unknown=["0005"])
SEVERAL = answered(outcome="several", heads=["0004", "s3cret"])


def finding(spec: dict[str, Any] | None = None, **facts: Any) -> Finding | None:
    return migrations_complete(
        ServiceFacts(
            namespace="team",
            name="shop",
            generation=1,
            spec=FastAPIServiceSpec.model_validate({"image": "i", **(MIGRATED_APART if spec is None else spec)}),
            secret_values=("s3cret",),
            **facts,
        )
    )


@pytest.mark.parametrize("spec", [{}, {"database": {}}, {**MIGRATED_APART, "paused": True}], ids=str)
def test_says_nothing_of_a_service_that_migrates_itself_or_is_paused(spec: dict[str, Any]) -> None:
    assert finding(spec, migration=COMPLETE) is None


CASES: dict[str, tuple[dict[str, Any], str, Reason, str]] = {
    "not begun": ({}, "Unknown", Reason.PENDING, "waits for the database"),
    "running": ({"migration": job()}, "False", Reason.MIGRATING, "Job shop-migrate-1 runs"),
    "retrying": ({"migration": job(), "migration_pods": (CRASHED,)}, "False", Reason.MIGRATING, "tries again"),
    "image": (
        {"migration": job(), "migration_pods": (UNPULLABLE,)},
        "False",
        Reason.IMAGE_PULL_FAILED,
        "no such image",
    ),
    "other pods": (
        {"migration": job(), "migration_pods": (pod(UNPULLABLE["status"]["containerStatuses"][0]["state"], "other"),)},
        "False",
        Reason.MIGRATING,
        "runs",
    ),
    "complete": ({"migration": COMPLETE, "migration_pods": (CRASHED,)}, "True", Reason.MIGRATED, "has run"),
    "nothing to do": (
        {"migration": COMPLETE, "migration_pods": (CURRENT,)},
        "True",
        Reason.SCHEMA_CURRENT,
        "nothing was run: the database is at 0004",
    ),
    "nothing in image and database": (
        {"migration": COMPLETE, "migration_pods": (answered(outcome="current"),)},
        "True",
        Reason.SCHEMA_CURRENT,
        "at no revision",
    ),
    "ahead": (
        {"migration": COMPLETE, "migration_pods": (AHEAD,)},
        "True",
        Reason.SCHEMA_AHEAD,
        "the database is at 0005, which the image does not know, whose migrations end at 0004",
    ),
    "ahead, blocked": (
        {"migration": FAILED, "migration_pods": (AHEAD,), "deployment": DEPLOYMENT},
        "False",
        Reason.SCHEMA_AHEAD_BLOCKED,
        "set spec.database.migrations.onSchemaAhead: Allow (revision before stays)",
    ),
    "several heads": (
        {"migration": FAILED, "migration_pods": (SEVERAL,)},
        "False",
        Reason.SEVERAL_HEADS,
        "several heads, 0004; ***",
    ),
    "refused, and the Job does not say so yet": (
        {"migration": job(), "migration_pods": (SEVERAL,)},
        "False",
        Reason.MIGRATING,
        "runs",
    ),
    "answer of another Job": (
        {"migration": COMPLETE, "migration_pods": (pod(AHEAD["status"]["containerStatuses"][0]["state"], "other"),)},
        "True",
        Reason.MIGRATED,
        "has run",
    ),
    "deadline": ({"migration": FAILED}, "False", Reason.MIGRATION_FAILED, "longer than specified deadline"),
    "failed": (
        {"migration": FAILED, "migration_pods": (CRASHED,)},
        "False",
        Reason.MIGRATION_FAILED,
        "ended with exit code 1: The migration failed: *** is no column",
    ),
}


@pytest.mark.parametrize(("facts", "status", "reason", "part"), CASES.values(), ids=CASES.keys())
def test_tells_how_far_the_job_is(facts: dict[str, Any], status: str, reason: Reason, part: str) -> None:
    found = finding(**facts)
    assert found is not None
    assert (found.status, found.reason) == (status, reason)
    assert part in found.message


def test_names_the_revision_that_stays_however_long_the_cause_is() -> None:
    wordy = pod({"waiting": {"reason": "ImagePullBackOff", "message": "x" * 2000}})
    found = finding(migration=FAILED, migration_pods=(wordy,), deployment=DEPLOYMENT)
    assert found is not None
    assert found.message.endswith("… (revision before stays)")
    assert len(found.message) == 512


def test_says_what_to_do_however_many_revisions_there_are() -> None:
    many = [f"{number}" * 64 for number in range(8)]
    ahead = answered(outcome="ahead", heads=many, database=many, unknown=many)
    found = finding(migration=FAILED, migration_pods=(ahead,), deployment=DEPLOYMENT)
    assert found is not None
    assert "and 7 more" in found.message
    assert found.message.endswith("onSchemaAhead: Allow (revision before stays)")
