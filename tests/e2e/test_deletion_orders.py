"""R16: in whatever order service, platform, namespace and operator are taken away, nothing stays stuck."""

import time
from collections.abc import Callable
from functools import partial
from itertools import permutations

from eventually import eventually
from fleet import PLATFORM, SERVICE, Images, await_ready, platform, service
from kubectl import Kubectl
from operator_process import Operator
from sizes import DELETION_ORDERS

STEPS = ("service", "platform", "namespace", "operator")
GONE_SECONDS = 300.0

Order = tuple[str, ...]


def test_every_order_of_deletions_comes_to_an_end(
    new_cluster: Callable[[], Kubectl],
    images: Images,
    operator: Operator,
    record_property: Callable[[str, object], None],
) -> None:
    """All orders at once: each does what comes before the operator goes, then what comes after."""
    every = list(permutations(STEPS))
    orders = {new_cluster(): order for order in every[:: len(every) // DELETION_ORDERS]}
    for cluster in orders:
        furnish(cluster, images)
    for cluster in orders:
        await_ready(cluster)
    for cluster, order in orders.items():
        take_away(cluster, order[: order.index("operator")])
    with operator.absent():
        for cluster, order in orders.items():
            take_away(cluster, order[order.index("operator") + 1 :])
    back = time.monotonic()
    for cluster, order in orders.items():
        eventually(partial(assert_gone, cluster, order), GONE_SECONDS)
    record_property("seconds", round(time.monotonic() - back, 1))


def furnish(cluster: Kubectl, images: Images) -> None:
    """A service whose login in a database has to end with it. All databases together fit the node."""
    postgres = {"image": images.postgres, "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}}}
    cluster.apply({**platform(images), "spec": {"postgres": postgres}}, service(images.v1, replicas=0, database={}))


def take_away(cluster: Kubectl, steps: Order) -> None:
    """Order each deletion in turn, waiting for none: that is up to whoever is still there."""
    names = {"service": (SERVICE, "hello"), "platform": (PLATFORM, "default"), "namespace": ("ns", cluster.namespace)}
    for step in steps:
        cluster.run("delete", *names[step], "--wait=false", "--ignore-not-found")


def assert_gone(cluster: Kubectl, order: Order) -> None:
    assert cluster.get("namespace", cluster.namespace) is None, order
