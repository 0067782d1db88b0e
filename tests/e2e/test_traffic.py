"""Requests come at a constant rate while services, backends, operator and API server are replaced and killed.

M-1, M-2, R1 and R7 of docs/explanation/faults.md, and what M-3 and M-8 ask of a broker and a database in the cluster.
"""

import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from uuid import uuid4

import pytest
from containers import container_of, kill_pod
from eventually import eventually
from fleet import PLATFORM, SERVICE, await_ready, children_of
from kubectl import Kubectl, Resource, condition_of
from operator_process import Operator
from sizes import API_SERVER_KILLS, OPERATOR_KILLS, POD_KILLS, ROLLOUTS
from traffic import Traffic, traffic

RETRY_SECONDS = 2.0
"""After how long a client repeats what failed: a pod that was killed is out of the routing by then."""

RESTART_SECONDS = 60.0
RECOVERY_SECONDS = 5.0
BACK_SECONDS = 120.0

Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def orders(fleet: Kubectl) -> Iterator[Kubectl]:
    """The namespace of the orders service, which is afterwards as `make up` made it."""
    yield fleet
    fleet.patch(SERVICE, "orders", {"spec": {"replicas": None, "config": {"ROLLED_OUT": None}}})
    await_ready(fleet, "orders")


def roll_out(cluster: Kubectl) -> Resource:
    """A new revision, differing in what the service does not look at."""
    return cluster.patch(SERVICE, "orders", {"spec": {"config": {"ROLLED_OUT": uuid4().hex}}})


def scale(cluster: Kubectl, replicas: int) -> None:
    cluster.patch(SERVICE, "orders", {"spec": {"replicas": replicas}})
    await_ready(cluster, "orders")
    eventually(lambda: has_pods(cluster, replicas), RESTART_SECONDS)


def has_pods(cluster: Kubectl, number: int) -> None:
    assert len(answering_pods(cluster)) == number


def answering_pods(cluster: Kubectl) -> list[Resource]:
    """Those that are being stopped are among them: they still answer."""
    return cluster.select("pods", "app.kubernetes.io/name=orders,app.kubernetes.io/component=service")


def end(requests: Traffic, record: Record) -> None:
    record("traffic", requests.figures())
    requests.assert_every_order_counts_once()


def test_rolling_updates_fail_no_request(orders: Kubectl, record_property: Record) -> None:
    """M-1."""
    with traffic() as requests:
        for _ in range(ROLLOUTS):
            roll_out(orders)
            await_ready(orders, "orders")
            eventually(lambda: has_pods(orders, 1), RESTART_SECONDS)
    assert requests.failures == {}
    end(requests, record_property)


def test_scaling_up_and_down_fails_no_request(orders: Kubectl, record_property: Record) -> None:
    """M-1, of pods that come and go without a rollout."""
    with traffic() as requests:
        scale(orders, 3)
        scale(orders, 1)
    assert requests.failures == {}
    end(requests, record_property)


def test_killed_pods_lose_no_order_and_repeat_none(orders: Kubectl, record_property: Record) -> None:
    """M-2: the client repeats once what failed, under the same key."""
    with traffic(retry_seconds=RETRY_SECONDS) as requests:
        for _ in range(POD_KILLS):
            scale(orders, 2)
            for pod in answering_pods(orders):
                kill_and_await(orders, pod["metadata"]["name"])
            roll_out(orders)  # a pod that dies twice within ten minutes is kept waiting
            scale(orders, 1)
    end(requests, record_property)
    assert requests.share_answered() >= 0.999, requests.failures


def test_restarted_broker_fails_no_order(orders: Kubectl, record_property: Record) -> None:
    """M-3: the outbox holds what the broker cannot take."""
    with traffic() as requests:
        kill_and_await(orders, "default-rabbitmq-0")
    assert requests.failures == {}
    end(requests, record_property)


def test_restarted_database_fails_requests_only_until_it_is_back(orders: Kubectl, record_property: Record) -> None:
    """M-8."""
    with traffic() as requests:
        kill_and_await(orders, "default-postgres-0")
        back = time.monotonic()
        requests.flow(RECOVERY_SECONDS + 2)
    assert requests.failed_after(back + RECOVERY_SECONDS) == []
    end(requests, record_property)
    orders.await_condition(PLATFORM, "default", "Ready")
    await_ready(orders, "orders")


def test_operator_killed_during_rollouts_finishes_them_and_fails_no_request(
    orders: Kubectl, operator: Operator, record_property: Record
) -> None:
    """R1: at once, and at moments when the rollout is under way."""
    with traffic() as requests:
        for pause in islice(cycle((0.0, 0.3, 2.0, 0.1, 1.0)), OPERATOR_KILLS):
            roll_out(orders)
            time.sleep(pause)
            operator.kill(operator.leader())
            await_ready(orders, "orders")
            operator.await_replicas()
    assert requests.failures == {}
    end(requests, record_property)


def test_killed_api_server_costs_no_child_and_no_request(
    orders: Kubectl, operator: Operator, record_property: Record
) -> None:
    """R7."""
    before = uids(orders)
    with traffic() as requests:
        for _ in range(API_SERVER_KILLS):
            kill_api_server()
            back = time.monotonic()
            roll_out(orders)
            orders.await_condition(SERVICE, "orders", "Ready", timeout=BACK_SECONDS)
            record_property("converged_seconds", round(time.monotonic() - back, 1))
    assert requests.failures == {}
    assert uids(orders) == before
    end(requests, record_property)
    operator.await_replicas()
    operator.replace_restarted()  # that ended because it could not renew its Lease, as it should


def uids(cluster: Kubectl) -> dict[tuple[str, str], str]:
    """Which objects the children are: one that was deleted and made again is another."""
    children = [child for name in ("users", "orders") for child in children_of(cluster, name)]
    return {(child["kind"], child["metadata"]["name"]): child["metadata"]["uid"] for child in children}


def kill_api_server() -> None:
    """Returns once another one answers."""
    system = Kubectl("kube-system")
    (name,) = (pod["metadata"]["name"] for pod in system.select("pods", "component=kube-apiserver"))
    kill_pod(system, name)

    def answers() -> None:
        assert system.run("get", "--raw", "/readyz").strip() == "ok"

    eventually(answers, RESTART_SECONDS)


def kill_and_await(cluster: Kubectl, name: str) -> None:
    """Kill the pod's process, and wait until another one in its place is ready."""
    before = container_of(cluster, name)
    kill_pod(cluster, name)

    def is_back() -> None:
        assert container_of(cluster, name) != before
        pod = cluster.get("pod", name)
        assert pod is not None
        assert condition_of(pod, "Ready")["status"] == "True"

    eventually(is_back, RESTART_SECONDS)
