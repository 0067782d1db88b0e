"""Analysis of a canary: what its pods say of themselves sends it on, holds it or takes it away."""

import pytest
from support.canary_shop import (
    CANARY,
    SHOP,
    STEPS,
    image_of,
    make_available,
    rollout,
    running,
    shop,
    state,
    wait,
)
from support.fleet import Fleet, child
from support.pod_metrics import metrics

ANALYSED = {"canary": {**STEPS, "analysis": {"maxErrorRate": 0.05, "maxP99Seconds": 1.5}}}


async def measured(says: str | None, address: str = "10.0.0.7") -> Fleet:
    """In the first step, with a pod that is available and says this of itself."""
    fleet = await running()
    await fleet.submit(shop(2, rollout=ANALYSED))
    template = fleet.kube.object(CANARY)["spec"]["template"]["metadata"]
    metadata = {"name": "shop-canary-x", "namespace": "team", **template}
    if says is not None:
        fleet.pod_metrics.says[address] = says
    fleet.kube.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": {"podIP": address}})
    await make_available(fleet)
    return fleet


async def test_canary_within_its_bounds_goes_on() -> None:
    fleet = await measured(metrics(answered=100, failed=5))
    assert fleet.pod_metrics.asked == [("10.0.0.7", 8000, "/metrics")]
    assert rollout(fleet) == ("False", "CanaryStep")
    await wait(fleet, 59)
    assert state(fleet)[1] == 1
    await wait(fleet, 1)
    assert state(fleet)[1] == 2


BREACHES = {
    "errors": (metrics(answered=100, failed=6), "6 of 100 requests failed, more than maxErrorRate 0.05"),
    "slow": (metrics(answered=100, slow=60), "p99 is 1.98 s, above maxP99Seconds 1.5"),
}


@pytest.mark.parametrize(("says", "why"), BREACHES.values(), ids=BREACHES.keys())
async def test_canary_outside_its_bounds_is_taken_away_within_its_step(says: str, why: str) -> None:
    fleet = await measured(metrics(answered=100))
    fleet.pod_metrics.says["10.0.0.7"] = says
    await wait(fleet, 10)
    assert rollout(fleet) == ("False", "CanaryAborted")
    assert why in fleet.conditions(SHOP)["RolloutComplete"].message
    assert not fleet.kube.has(CANARY)
    assert image_of(fleet) == "1"


UNMEASURED = {
    "silent": (None, "pod shop-canary-x: GET /metrics: ConnectTimeout"),
    "too few": (metrics(answered=19, failed=19), "fewer than 20 requests"),
    "malformed": (
        "http_request_duration_seconds_bucket 3\n",
        "pod shop-canary-x: /metrics is not in the format of Prometheus",
    ),
    "no metrics": ("<html>", "pod shop-canary-x: /metrics is not in the format of Prometheus"),
}


@pytest.mark.parametrize(("says", "why"), UNMEASURED.values(), ids=UNMEASURED.keys())
async def test_canary_that_cannot_be_measured_waits_and_says_so(says: str | None, why: str) -> None:
    fleet = await measured(says)
    await wait(fleet, 10_000)
    assert rollout(fleet) == ("False", "CanaryUnmeasured")
    assert why in fleet.conditions(SHOP)["RolloutComplete"].message
    assert fleet.conditions(SHOP)["Reconciling"].status == "True"
    assert (state(fleet)[1], image_of(fleet)) == (1, "1")
    fleet.pod_metrics.says["10.0.0.7"] = metrics(answered=100)
    await wait(fleet, 10)
    assert state(fleet)[1] == 2


async def test_network_lets_the_operator_ask_where_there_is_an_analysis() -> None:
    fleet = await measured(None)
    key = child("NetworkPolicy", "shop")
    (rule,) = fleet.kube.object(key)["spec"]["ingress"]
    assert rule["from"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "fastapi-fleet-system"}}}
    ]
    assert rule["ports"] == [{"port": "http", "protocol": "TCP"}]
    await fleet.submit(shop(2))
    assert not fleet.kube.object(key)["spec"].get("ingress")


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1", "0.0.0.0", "fe80::1"])  # noqa: S104
async def test_nothing_is_asked_at_an_address_that_no_pod_can_have(address: str) -> None:
    fleet = await measured(metrics(answered=100), address)
    assert fleet.pod_metrics.asked == []
    assert rollout(fleet) == ("False", "CanaryUnmeasured")
