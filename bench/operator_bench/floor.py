"""The bare loop's side of the comparison, measured while no operator runs."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from operator_bench.bare_writer import BareWriter
from operator_bench.deployments import watch_deployments
from operator_bench.fleet import Fleet
from operator_bench.image_edits import measure_edits
from operator_bench.load import Created, at_once, gently, measure_creation


@dataclass(frozen=True)
class Floor:
    """`cpu_seconds`: of the bare loop's process, per service of the burst, with what creates and watches them."""

    burst: Created
    gentle: Created
    edits: list[float]
    cpu_seconds: float


async def measure_floor(fleet: Fleet, burst: Sequence[str], gentle: Sequence[str], edits: Sequence[str]) -> Floor:
    writer = BareWriter(fleet)
    async with watch_deployments(fleet.api, fleet.namespace) as watch:
        cpu = time.process_time()
        at_burst = await measure_creation(burst, writer.create, at_once, watch)
        cpu = time.process_time() - cpu
        at_ease = await measure_creation(gentle, writer.create, gently, watch)
        latencies = await measure_edits(edits, writer.edit_image, watch)
    return Floor(at_burst, at_ease, latencies, cpu / len(burst))
