"""One image after another is changed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from operator_bench.deployments import DeploymentWatch

PAUSE_SECONDS = 0.2
"""Between two edits, so that each is measured alone and not behind the status writes of the one before."""

Edit = Callable[[str, str], Awaitable[float]]
"""Sets the image of a service; returns the time at which the API server had answered."""


async def measure_edits(names: Sequence[str], edit: Edit, watch: DeploymentWatch) -> list[float]:
    """Seconds from the answer to each edit until the watch shows the Deployment with that image."""
    latencies = []
    for at, name in enumerate(names):
        image = f"registry.example/app:edit-{at}"
        answered = await edit(name, image)
        latencies.append(max(0.0, await watch.until_image(name, image) - answered))
        await asyncio.sleep(PAUSE_SECONDS)
    return latencies
