"""A command that cannot end within the budget is warned of; one that may is not."""

from typing import Any

import pytest
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources.deployment import uvicorn_command
from fastapi_fleet.status.facts import ServiceFacts
from fastapi_fleet.status.shutdown_in_time import shutdown_in_time
from support.fleet import Fleet
from support.resources import fastapi_service

OPTION = "--timeout-graceful-shutdown"

WARNED: dict[str, tuple[dict[str, Any], Reason]] = {
    "fastapi run": ({"command": ["fastapi", "run", "app/main.py"]}, Reason.GRACEFUL_TIMEOUT_MISSING),
    "fastapi run with the variable that it ignores": (
        {"command": ["fastapi", "run"], "env": [{"name": "UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN", "value": "10"}]},
        Reason.GRACEFUL_TIMEOUT_MISSING,
    ),
    "uvicorn without a timeout": ({"command": ["uvicorn", "app:app"]}, Reason.GRACEFUL_TIMEOUT_MISSING),
    "python -m uvicorn": ({"command": ["python", "-m", "uvicorn", "a:b"]}, Reason.GRACEFUL_TIMEOUT_MISSING),
    "uvicorn of a path": ({"command": ["/venv/bin/uvicorn", "a:b"]}, Reason.GRACEFUL_TIMEOUT_MISSING),
    "uvicorn too long": ({"command": ["uvicorn", "a:b", OPTION, "23"]}, Reason.GRACEFUL_TIMEOUT_TOO_LONG),
    "too long after =": ({"command": ["uvicorn", "a:b", f"{OPTION}=60"]}, Reason.GRACEFUL_TIMEOUT_TOO_LONG),
    "too long by a variable": (
        {"command": ["uvicorn", "a:b"], "config": {"UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN": "60"}},
        Reason.GRACEFUL_TIMEOUT_TOO_LONG,
    ),
    "arguments after the operator's command": ({"args": [OPTION, "600"]}, Reason.GRACEFUL_TIMEOUT_TOO_LONG),
    "gunicorn's own": ({"command": ["gunicorn", "a:b"]}, Reason.GRACEFUL_TIMEOUT_TOO_LONG),
    "shell that stays": (
        {"command": ["/bin/sh", "-c", "alembic upgrade head && uvicorn a:b"]},
        Reason.SIGNAL_NOT_PASSED_ON,
    ),
    "shell that becomes a slow command": (
        {"command": ["sh", "-c", "alembic upgrade head && exec uvicorn a:b"]},
        Reason.GRACEFUL_TIMEOUT_MISSING,
    ),
}

WARNED_OF_WORKER: dict[str, tuple[dict[str, Any], Reason]] = {
    "shell that stays": ({"command": ["sh", "-c", "sleep 1; celery worker"]}, Reason.SIGNAL_NOT_PASSED_ON),
    "fastapi run": ({"command": ["fastapi", "run"]}, Reason.GRACEFUL_TIMEOUT_MISSING),
    "arguments after the operator's command": ({"args": [OPTION, "600"]}, Reason.GRACEFUL_TIMEOUT_TOO_LONG),
}

SILENT: dict[str, dict[str, Any]] = {
    "the operator's command": {},
    "arguments that leave the timeout alone": {"args": ["--no-access-log"]},
    "within the budget": {"command": ["uvicorn", "a:b", OPTION, "22"]},
    "by a variable": {
        "command": ["uvicorn", "a:b"],
        "env": [{"name": "UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN", "value": "9"}],
    },
    "gunicorn within the budget": {"command": ["gunicorn", "a:b", "--graceful-timeout", "20"]},
    "budget that suits gunicorn": {"command": ["gunicorn", "a:b"], "shutdown": {"gracePeriodSeconds": 60}},
    "worker by the operator's command": {"worker": {}},
    "unknown worker": {"worker": {"command": ["celery", "worker"]}},
    "worker that has no drain to wait for": {"worker": {"command": ["uvicorn", "a:b", OPTION, "27"]}},
    "unknown": {"command": ["/app/start"]},
    "shell that becomes the command": {"command": ["sh", "-c", f"exec uvicorn a:b {OPTION} 20"]},
    "shell of one command": {"command": ["sh", "-c", f"uvicorn a:b {OPTION} 20"]},
    "shell without a script": {"command": ["sh", "start.sh"]},
    "shell whose script is missing": {"command": ["sh", "-c"]},
    "script that no shell would take": {"command": ["sh", "-c", "exec uvicorn 'a"]},
}


def facts(**spec: Any) -> ServiceFacts:
    parsed = FastAPIServiceSpec.model_validate({"image": "i", **spec})
    return ServiceFacts(namespace="team", name="shop", generation=1, spec=parsed)


@pytest.mark.parametrize(("spec", "reason"), WARNED.values(), ids=WARNED.keys())
def test_command_that_outlasts_the_budget_is_warned_of(spec: dict[str, Any], reason: Reason) -> None:
    finding = shutdown_in_time(facts(**spec))
    assert finding is not None
    assert (finding.status, finding.reason) == ("False", reason)


@pytest.mark.parametrize(("worker", "reason"), WARNED_OF_WORKER.values(), ids=WARNED_OF_WORKER.keys())
def test_command_of_the_worker_is_warned_of_by_name(worker: dict[str, Any], reason: Reason) -> None:
    finding = shutdown_in_time(facts(worker=worker))
    assert finding is not None
    assert (finding.status, finding.reason) == ("False", reason)
    assert finding.message.startswith("worker: ")


def test_command_that_both_run_is_warned_of_as_the_service_s() -> None:
    finding = shutdown_in_time(facts(command=["fastapi", "run"], worker={}))
    assert finding is not None
    assert not finding.message.startswith("worker: ")


@pytest.mark.parametrize("spec", SILENT.values(), ids=SILENT.keys())
def test_command_that_may_end_in_time_is_not_warned_of(spec: dict[str, Any]) -> None:
    assert shutdown_in_time(facts(**spec)) is None


def test_refused_spec_is_not_warned_of() -> None:
    assert shutdown_in_time(ServiceFacts(namespace="team", name="shop", generation=1)) is None


def test_what_the_warning_says_to_add_is_enough() -> None:
    spec = FastAPIServiceSpec.model_validate({"image": "i"})
    assert shutdown_in_time(facts(command=uvicorn_command(spec))) is None


async def test_service_is_ready_all_the_same_and_the_warning_goes_with_its_cause() -> None:
    fleet = Fleet()
    resource = fastapi_service(command=["fastapi", "run"])
    await fleet.submit(resource)
    await fleet.roll_out()
    conditions = fleet.conditions(resource)
    assert conditions["Ready"].status == "True"
    assert conditions["ShutdownInTime"].status == "False"
    await fleet.submit(fastapi_service())
    assert "ShutdownInTime" not in fleet.conditions(resource)
