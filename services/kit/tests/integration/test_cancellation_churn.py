"""A caller that goes away takes no connection with it (fault test M-12)."""

import asyncio
import random

from fleetkit.metrics import new_registry
from fleetkit.testing import fault_scale
from fleetkit.testing.http_server import LoopbackService
from fleetkit.upstream.calls import CallPolicy, Upstream
from fleetkit.upstream.http import ServiceClient
from fleetkit.upstream.metrics import UpstreamMetrics

CANCELS = 5_000 * fault_scale()
AT_ONCE = 40


async def test_a_pool_survives_thousands_of_cancelled_calls() -> None:
    registry = new_registry()
    upstream = Upstream("things", UpstreamMetrics.of(registry), policy=CallPolicy(deadline=5.0))
    moments = random.Random(1)  # noqa: S311 - moments of a cancellation, not a secret
    async with (
        LoopbackService(lambda _method, target: (200, target)) as service,
        ServiceClient(service.url, upstream) as client,
    ):
        service.delay = 0.01
        for _ in range(CANCELS // AT_ONCE):
            calls = [asyncio.create_task(client.request("GET", "/cancelled")) for _ in range(AT_ONCE)]
            for call in calls:
                asyncio.get_running_loop().call_later(moments.uniform(0, 0.03), call.cancel)
            await asyncio.gather(*calls, return_exceptions=True)
        service.delay = 0.0
        answers = [await client.request("GET", f"/{number}") for number in range(1000)]
    assert [answer.json() for answer in answers] == [f"/{number}" for number in range(1000)]
    abandoned = registry.get_sample_value("upstream_calls_total", {"upstream": "things", "result": "abandoned"}) or 0
    assert abandoned > CANCELS / 2
    assert registry.get_sample_value("upstream_pool_renewals_total", {"upstream": "things"}) is None
