"""What must hold over all that the other modules did; pytest runs modules by name, so this one is last."""

import json

import pytest
from kubectl import Kubectl
from operator_process import Operator
from secrecy import Evidence

ALLOWED_ERRORS: frozenset[str] = frozenset()
"""Events of the log that may be of level error. None is."""


@pytest.fixture(scope="module")
def complete(fleet: Kubectl, evidence: Evidence) -> Evidence:
    """The evidence with that of users and orders."""
    evidence.gather(fleet)
    assert evidence.secrets
    return evidence


def test_no_secret_shows_in_the_operator_log(complete: Evidence, operator: Operator) -> None:
    assert complete.leaks("\n".join(operator.log())) == []


def test_no_secret_shows_in_what_people_may_read(complete: Evidence) -> None:
    leaks = {where: found for where, text in complete.readable.items() if (found := complete.leaks(text))}
    assert leaks == {}


def test_operator_logged_no_error(operator: Operator) -> None:
    entries = [json.loads(line) for line in operator.log()]
    assert entries
    broken = [one for one in entries if one["level"] in {"error", "critical"} or "exception" in one]
    assert [one for one in broken if one["event"] not in ALLOWED_ERRORS] == []


def test_operator_never_crashed(operator: Operator) -> None:
    restarts = [status["restartCount"] for pod in operator.pods() for status in pod["status"]["containerStatuses"]]
    assert restarts == [0, 0]
