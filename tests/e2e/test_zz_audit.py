"""What the API server's audit log tells of the operator over all that the other modules did."""

import pytest
from audit import Request, Right, granted_rights, requests_since
from kubectl import Kubectl
from operator_process import Operator

FINALIZERS = {
    Right("fastapi-fleet.io", f"{owners}/finalizers", "update") for owners in ("fastapiservices", "fleetplatforms")
}
"""Asked for only where the admission plugin OwnerReferencesPermissionEnforcement is on, which it is not by default."""

ONCE = {Right("coordination.k8s.io", "leases", "create")}
"""Asked for by the first replica of an installation."""


@pytest.fixture(scope="module")
def requests(operator: Operator) -> list[Request]:
    found = requests_since(operator.since)
    assert found
    return found


def test_only_the_holder_of_the_lease_writes(requests: list[Request]) -> None:
    """It counts as held from when the request for it came in: who asks writes after that, who had it no more."""
    leaders: list[str] = []
    strays = []
    for request in requests:
        if request.leader is not None:
            leaders.append(request.leader)
        elif request.is_write and leaders and request.pod != leaders[-1]:
            strays.append((leaders[-1], request))
    assert strays == []
    assert len({*leaders} - {""}) > 1, "nothing is shown where one pod leads all the time"


def test_every_write_is_made_by_a_pod_that_is_known(requests: list[Request]) -> None:
    assert all(request.pod for request in requests if request.is_write)


def test_no_granted_right_is_unused(requests: list[Request], fleet: Kubectl) -> None:
    used = {right for request in requests for right in request.rights}
    assert sorted(granted_rights(fleet) - used - FINALIZERS - ONCE) == []


def test_nothing_is_asked_for_that_is_not_granted(requests: list[Request], fleet: Kubectl) -> None:
    used = {right for request in requests for right in request.rights}
    assert sorted(used - granted_rights(fleet)) == []


def test_nothing_that_the_operator_writes_offends_pod_security(requests: list[Request]) -> None:
    assert [(request.where, request.pod_security) for request in requests if request.pod_security] == []
