"""One operator writes; another goes on where that one ends, however it ends."""

from datetime import datetime, timedelta

from eventually import eventually
from fleet import SERVICE, Images, await_ready, service, start
from kubectl import Kubectl, Resource
from operator_process import LEASE, Operator
from watching import Watch, watching

CLEAN_TAKE_OVER = timedelta(seconds=3)
"""A replica that stands by tries every 1.5 s."""

TAKE_OVER_SECONDS = 20
"""A Lease of 12 s, a try every 1.5 s and a busy machine."""


def test_a_clean_stop_is_taken_over_at_once(cluster: Kubectl, images: Images, operator: Operator) -> None:
    start(cluster, service(images.v1))
    before = operator.lease()["spec"]["holderIdentity"]
    with watching(operator.cluster, "lease") as watch:
        operator.restart()
        released, taken = eventually(lambda: handed_over(watch, before), TAKE_OVER_SECONDS)
    assert moment(taken, "acquireTime") - moment(released, "renewTime") < CLEAN_TAKE_OVER
    cluster.patch(SERVICE, "hello", {"spec": {"image": images.v2}})
    await_ready(cluster)


def test_a_killed_leader_is_replaced(cluster: Kubectl, images: Images, operator: Operator) -> None:
    start(cluster, service(images.v1))
    leader, before = operator.leader(), operator.lease()["spec"]["holderIdentity"]
    operator.kill(leader)
    eventually(lambda: held_by_another(operator, before), TAKE_OVER_SECONDS)
    cluster.patch(SERVICE, "hello", {"spec": {"image": images.v2}})
    await_ready(cluster)
    operator.await_replicas()


def test_a_frozen_leader_is_replaced_and_ends_when_it_wakes(
    cluster: Kubectl, images: Images, operator: Operator
) -> None:
    start(cluster, service(images.v1))
    leader, before = operator.leader(), operator.lease()["spec"]["holderIdentity"]
    with operator.frozen(leader):
        eventually(lambda: held_by_another(operator, before), TAKE_OVER_SECONDS)
        cluster.patch(SERVICE, "hello", {"spec": {"image": images.v2}})
        ready = await_ready(cluster)
    eventually(lambda: ended_by_itself(operator, leader), TAKE_OVER_SECONDS)
    assert operator.lease()["spec"]["holderIdentity"] != before
    assert cluster.get(SERVICE, "hello") == ready, "the leader of before has written when it woke"
    operator.replace(leader)


def handed_over(watch: Watch, before: str) -> tuple[Resource, Resource]:
    """The Lease as its holder gave it back, and as the next one took it."""
    states = [event["object"] for event in watch.events() if event["object"]["metadata"]["name"] == LEASE]
    free = [at for at, state in enumerate(states) if not state["spec"]["holderIdentity"]]
    assert free, "it was not given back"
    assert len(states) > free[-1] + 1, "nobody has taken it yet"
    released, taken = states[free[-1]], states[free[-1] + 1]
    assert taken["spec"]["holderIdentity"] != before
    return released, taken


def held_by_another(operator: Operator, before: str) -> None:
    assert operator.lease()["spec"]["holderIdentity"] not in {"", before}


def ended_by_itself(operator: Operator, pod: str) -> None:
    containers = [
        container
        for found in operator.pods()
        if found["metadata"]["name"] == pod
        for container in found["status"].get("containerStatuses", [])
    ]
    assert [container["lastState"].get("terminated", {}).get("exitCode") for container in containers] == [1]


def moment(lease: Resource, field: str) -> datetime:
    return datetime.fromisoformat(lease["spec"][field])
