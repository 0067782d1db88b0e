"""What a report makes of objects, whatever shape they have."""

from typing import Any

import pytest
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.report.service_report import platform_of, report_service
from support.resources import fastapi_service, fleet_platform


def condition(kind: str, status: str = "True", reason: str = "AsSpecified") -> dict[str, Any]:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": "as it is",
        "observedGeneration": 1,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }


def with_status(*conditions: dict[str, Any], **status: Any) -> Object:
    return fastapi_service() | {"status": {"observedGeneration": 1, "conditions": [*conditions], **status}}


def test_cure_is_that_of_the_reason() -> None:
    report = report_service(with_status(condition("Ready", "False", "SecretMissing")), [], None)
    assert (report.ready, report.reason) == (False, "SecretMissing")
    assert report.cure.strip()


@pytest.mark.parametrize("reason", ["AsSpecified", "FromTheFuture"])
def test_no_cure_is_told_where_there_is_none(reason: str) -> None:
    assert report_service(with_status(condition("Ready", "True", reason)), [], None).cure == ""


def test_conditions_that_say_again_what_others_say_are_left_out() -> None:
    given = with_status(condition("Ready"), condition("Reconciling"), condition("Stalled"), condition("SpecValid"))
    assert [item.type for item in report_service(given, [], None).conditions] == ["SpecValid"]


@pytest.mark.parametrize(
    ("kind", "status", "good"),
    [
        ("SpecValid", "True", True),
        ("SpecValid", "False", False),
        ("SpecValid", "Unknown", None),
        ("Paused", "True", False),
        ("RolledBack", "True", False),
        ("RolledBack", "False", False),
    ],
)
def test_condition_is_good_by_what_it_says(kind: str, status: str, good: bool | None) -> None:  # noqa: FBT001 - a case
    (found,) = report_service(with_status(condition(kind, status)), [], None).conditions
    assert found.good is good


def test_status_of_an_older_spec_is_told_as_not_seen() -> None:
    service = with_status(condition("Ready"))
    service["metadata"]["generation"] = 2
    assert not report_service(service, [], None).seen


@pytest.mark.parametrize("status", [None, {}, {"conditions": "none"}])
def test_resource_without_a_status_waits_for_the_operator(status: Any) -> None:
    report = report_service(fastapi_service() | {"status": status}, [], None)
    assert (report.ready, report.seen, report.reason) == (False, False, "Pending")


def test_pod_of_which_nothing_is_known_yet_is_told() -> None:
    pod = {"metadata": {"name": "shop-1"}}
    (found,) = report_service(fastapi_service(), [pod], None).pods
    assert (found.name, found.state, found.ready, found.restarts, found.revision) == ("shop-1", "Unknown", False, 0, "")


def test_platform_is_told_where_the_service_uses_one() -> None:
    assert platform_of(fastapi_service()) is None
    assert platform_of(fastapi_service(broker={}, platform="other")) == "other"
    service = fastapi_service(database={})
    absent = report_service(service, [], None).platform
    assert absent is not None
    assert (absent.name, absent.conditions) == ("default", ())
    there = report_service(service, [], fleet_platform() | {"status": {"conditions": [condition("PostgresReady")]}})
    assert there.platform is not None
    assert [item.type for item in there.platform.conditions] == ["PostgresReady"]
