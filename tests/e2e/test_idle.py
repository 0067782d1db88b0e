"""R10: an operator with nothing to do writes nothing but its Lease and its heartbeat, and reads little."""

import re
import time
from collections import Counter
from collections.abc import Callable
from math import ceil

from eventually import eventually
from kubectl import Kubectl
from operator_process import Operator
from sizes import IDLE_SECONDS

BEAT_SECONDS = 15.0
READS_PER_SECOND = 1.0
SETTLING_SECONDS = 240.0
"""What the tests before have left behind is being deleted meanwhile."""

SAMPLE = re.compile(
    r'^fastapi_fleet_api_requests_total{code="[^"]*",kind="([^"]*)",verb="([^"]*)"} (\S+)$', re.MULTILINE
)
MADE_OR_WATCHED = (
    "fastapiservices,fleetplatforms,deployments,statefulsets,services,secrets,serviceaccounts,networkpolicies"
)

Requests = Counter[tuple[str, str]]
"""How many there were, by verb and kind. Those of the Lease left out: they come every 1.5 s."""


def test_idle_operator_writes_nothing_and_reads_little(
    fleet: Kubectl, operator: Operator, record_property: Callable[[str, object], None]
) -> None:
    eventually(lambda: assert_settled(operator), SETTLING_SECONDS)
    before, versions = requests_of(operator), versions_of_all(fleet)
    time.sleep(IDLE_SECONDS)
    made = requests_of(operator) - before
    record_property("requests", dict(made))
    assert versions_of_all(fleet) == versions
    beats = made.pop(("PATCH", "ConfigMap"), 0)
    assert beats <= ceil(IDLE_SECONDS / BEAT_SECONDS)
    assert {verb for verb, _ in made} <= {"GET"}, made
    assert made.total() <= READS_PER_SECOND * IDLE_SECONDS


def assert_settled(operator: Operator) -> None:
    """Nobody's namespace is being deleted, and the operator has just written nothing for some seconds."""
    namespaces = operator.cluster.select("namespaces", "fastapi-fleet.io/test=e2e")
    assert [one["metadata"]["name"] for one in namespaces if one["status"]["phase"] == "Terminating"] == []
    before = requests_of(operator)
    time.sleep(BEAT_SECONDS / 3)
    assert {verb_and_kind for verb_and_kind in requests_of(operator) - before if verb_and_kind[0] != "GET"} <= {
        ("PATCH", "ConfigMap")
    }


def requests_of(operator: Operator) -> Requests:
    """Of all replicas together."""
    requests: Requests = Counter()
    for pod in operator.pods():
        path = f"/api/v1/namespaces/{operator.cluster.namespace}/pods/{pod['metadata']['name']}:8080/proxy/metrics"
        for kind, verb, number in SAMPLE.findall(operator.cluster.run("get", "--raw", path)):
            requests[verb, kind] += int(float(number))
    return Counter({key: number for key, number in requests.items() if key[1] != "Lease"})


def versions_of_all(fleet: Kubectl) -> dict[tuple[str, ...], str]:
    """The last write, by whomever, of each thing that is the operator's business."""
    found = fleet.select_everywhere(MADE_OR_WATCHED)
    return {
        (one["kind"], one["metadata"]["namespace"], one["metadata"]["name"]): one["metadata"]["resourceVersion"]
        for one in found
    }
