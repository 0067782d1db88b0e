"""ConnectionsInBudget: whether the database server lets in all that pods may open."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi_fleet.api.capacity import ServerCapacity
from fastapi_fleet.api.conditions import MESSAGE_LIMIT, Reason
from fastapi_fleet.api.resource_status import FastAPIServiceStatus
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.status.connections_in_budget import connections_in_budget
from fastapi_fleet.status.facts import BackendState, ServiceFacts
from fastapi_fleet.status.service_status import compute_service_status
from support.live import REVISION, deployment

POOL = {"pool": {"size": 5, "overflow": 10}}
LARGE = {"workers": 2, "replicas": 4, "database": POOL}
SMALL = {"database": {"pool": {"size": 8}}}

OWN = "2 workers x (5 + 10) x (4 + 1) pods = 150"
SERVER = "97 of the server: max_connections 100 - 3 reserved"

SAID: dict[str, tuple[dict[str, Any], tuple[int | None, ...], str]] = {
    "alone": (LARGE, (), f"{OWN} > {SERVER}"),
    "with one other": (LARGE, (40,), f"{OWN}, with 40 of 1 other service 190 > {SERVER}"),
    "others make it too many": (
        SMALL,
        (40, 42),
        f"1 worker x (8 + 0) x (1 + 1) pods = 16, with 82 of 2 other services 98 > {SERVER}",
    ),
    "with one that does not tell": (
        LARGE,
        (40, None),
        f"{OWN}, with 40 of 1 other service 190 > {SERVER}; what 1 other service may take is not known",
    ),
}

NOT_SAID: dict[str, tuple[dict[str, Any], tuple[int | None, ...]]] = {
    "fits alone": (SMALL, ()),
    "fits to the last": (SMALL, (40, 41)),
    "fits as far as others tell": (SMALL, (None, None)),
    "no pool, whatever the limit": ({"database": {"connectionLimit": 900}}, ()),
    "no database": ({}, (500,)),
}


def facts(spec: dict[str, Any], sharing: tuple[int | None, ...] = ()) -> ServiceFacts:
    return ServiceFacts(
        namespace="team",
        name="shop",
        generation=2,
        spec=FastAPIServiceSpec.model_validate({"image": "i", **spec}),
        revision=REVISION,
        deployment=deployment(),
        database=BackendState(True, Reason.PROVISIONED, "as specified", ServerCapacity(most=100, reserved=3)),
        sharing_server=sharing,
    )


@pytest.mark.parametrize(("spec", "sharing", "message"), SAID.values(), ids=SAID.keys())
def test_warns_with_the_arithmetic(spec: dict[str, Any], sharing: tuple[int | None, ...], message: str) -> None:
    finding = connections_in_budget(facts(spec, sharing))
    assert finding is not None
    assert (finding.type, finding.status) == ("ConnectionsInBudget", "False")
    assert (finding.reason, finding.message) == (Reason.SERVER_LIMIT_EXCEEDED, message)


@pytest.mark.parametrize(("spec", "sharing"), NOT_SAID.values(), ids=NOT_SAID.keys())
def test_says_nothing_where_they_fit_or_nobody_can_tell(spec: dict[str, Any], sharing: tuple[int | None, ...]) -> None:
    assert connections_in_budget(facts(spec, sharing)) is None


def test_says_nothing_while_the_server_was_never_asked_or_the_spec_is_not_known() -> None:
    large = facts(LARGE)
    unasked = BackendState(False, Reason.BACKEND_UNAVAILABLE, "does not answer")
    assert connections_in_budget(replace(large, database=unasked)) is None
    assert connections_in_budget(replace(large, database=None)) is None
    assert connections_in_budget(replace(large, spec=None)) is None


def test_longest_message_is_told_whole() -> None:
    largest = {"size": 100, "overflow": 100, "beside": 100}
    spec = {
        "workers": 32,
        "replicas": 1000,
        "worker": {"replicas": 1000},
        "database": {"pool": largest, "migrations": {"command": ["m"]}},
    }
    finding = connections_in_budget(facts(spec, (*[10**7] * 900, *[None] * 99)))
    assert finding is not None
    assert len(finding.message) <= MESSAGE_LIMIT


def test_ready_does_not_wait_for_it() -> None:
    spec = {"workers": 8, "database": POOL}
    status = compute_service_status(facts(spec), FastAPIServiceStatus(), now="2026-01-02T00:00:00Z")
    conditions = {item.type: item.status for item in status.conditions}
    assert (conditions["ConnectionsInBudget"], conditions["Ready"]) == ("False", "True")
    assert "Reconciling" not in conditions


def test_status_tells_others_what_to_reckon_with_and_forgets_it_with_the_pool() -> None:
    status = compute_service_status(facts(LARGE), FastAPIServiceStatus(), now="2026-01-02T00:00:00Z")
    assert status.database_connections == 150
    status = compute_service_status(facts({"database": {}}), status, now="2026-01-02T00:00:00Z")
    assert status.database_connections is None
