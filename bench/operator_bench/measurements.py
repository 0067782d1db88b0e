"""The operator's side: one function a measurement, each returning its figures."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from figures import Figure, Target, percentile

from operator_bench.bare_writer import WRITES_PER_EDIT, writes_per_service
from operator_bench.deployments import DeploymentWatch
from operator_bench.fleet import Fleet
from operator_bench.floor import Floor
from operator_bench.image_edits import measure_edits
from operator_bench.load import Created, at_once, concurrently, gently, in_pairs_a_second, measure_creation
from operator_bench.operators import Operator, Usage, settle

QUIET_SECONDS = 3.0
QUIET_AFTER_START_SECONDS = 10.0
"""The operator lists everything once more, some seconds after its watches have begun: that counts."""

IDLE_SECONDS = 60.0
USAGE_POLL_SECONDS = 2.0
MEBIBYTE = 2.0**20
SOAKED = 50
"""Few, so that the warm-up fills the history of each: ten revisions in its status, which the operator's cache holds."""

MEMORY_BASE = 110.0
MEMORY_EACH = 30 / 1024
"""MiB that the operator may use, and for each service."""


async def measure_burst(
    operator: Operator, fleet: Fleet, watch: DeploymentWatch, names: Sequence[str], floor: Floor | None
) -> list[Figure]:
    """All services at once: throughput, latency, and what a service costs."""
    before = await settle(operator, QUIET_SECONDS)
    created = await measure_creation(names, fleet.create, at_once, watch)
    after = await settle(operator, QUIET_SECONDS)
    bare = floor.burst.per_second if floor else None
    cpu = (after.cpu_seconds - before.cpu_seconds) * 1000 / len(names)
    writes = after.writes_since(before).total() / len(names)
    reads = after.reads_since(before) / len(names)
    throughput = Figure("burst: services to all Deployments", created.per_second, "/s", bare, Target(15, at_least=True))
    ratio = [Figure("burst: ratio to the bare loop", created.per_second / bare, "", None, RATIO)] if bare else []
    return [
        throughput,
        *ratio,
        *_latencies("burst: created to Deployment", created, floor.burst if floor else None),
        Figure("burst: writes per service", writes, "", writes_per_service(fleet)),
        Figure("burst: reads per service", reads, ""),
        Figure("burst: passes per service", (after.passes - before.passes) / len(names), ""),
        Figure("burst: CPU per service", cpu, "ms", floor.cpu_seconds * 1000 if floor else None),
    ]


async def measure_gentle(
    operator: Operator, fleet: Fleet, watch: DeploymentWatch, names: Sequence[str], floor: Floor | None
) -> list[Figure]:
    """Services at 5 a second: the latency that a user meets."""
    await settle(operator, QUIET_SECONDS)
    created = await measure_creation(names, fleet.create, gently, watch)
    return _latencies("5/s: created to Deployment", created, floor.gentle if floor else None)


async def measure_backed(
    operator: Operator, fleet: Fleet, watch: DeploymentWatch, names: Sequence[str]
) -> list[Figure]:
    """Services with a database and a broker user, two a second. The Deployment is written when both are there.

    Then what they cost while nothing happens: each is compared with its servers once a minute.
    """
    await fleet.provide_platform()
    await settle(operator, QUIET_SECONDS)
    created = await measure_creation(names, fleet.create_backed, in_pairs_a_second, watch)
    name = "database and broker, 2/s: created to Deployment"
    await settle(operator, QUIET_SECONDS)
    cost = await _idle_minute(operator)
    return [
        _latency(name, created.latencies, None, 0.5),
        _latency(name, created.latencies, None, 0.99, Target(1000)),
        Figure(f"idle with {len(names)} databases and brokers: CPU of one core", cost.cpu_percent, "%"),
    ]


async def measure_soak(operator: Operator, fleet: Fleet, names: Sequence[str], changes: int) -> list[Figure]:
    """Image after image, as fast as the API server takes them: does memory stay flat?

    The first quarter warms up: several edits share a pass, and a history is full after ten revisions.
    """
    soaked = names[:SOAKED]
    edits = [(soaked[at % len(soaked)], f"registry.example/app:soak-{at}") for at in range(changes)]
    warm_up = changes // 4
    await concurrently(edits[:warm_up], lambda edit: fleet.edit_image(*edit))
    before = await settle(operator, QUIET_SECONDS)
    started = time.perf_counter()
    await concurrently(edits[warm_up:], lambda edit: fleet.edit_image(*edit))
    seconds = time.perf_counter() - started
    after = await settle(operator, QUIET_SECONDS)
    growth = (after.resident_bytes - before.resident_bytes) / MEBIBYTE
    return [
        Figure(f"soak: growth of RSS over {changes - warm_up} changes", growth, "MiB", None, Target(5)),
        Figure("soak: RSS at the end", after.resident_bytes / MEBIBYTE, "MiB"),
        Figure("soak: changes", (changes - warm_up) / seconds, "/s"),
        Figure("soak: passes per change", (after.passes - before.passes) / (changes - warm_up), ""),
    ]


async def measure_image_edits(
    operator: Operator, fleet: Fleet, watch: DeploymentWatch, names: Sequence[str], floor: Floor | None
) -> list[Figure]:
    """One image after another: latency and writes."""
    before = await settle(operator, QUIET_SECONDS)
    latencies = await measure_edits(names, fleet.edit_image, watch)
    after = await settle(operator, QUIET_SECONDS)
    edits = floor.edits if floor else None
    return [
        _latency("image edit to Deployment", latencies, edits, 0.5, Target(50)),
        _latency("image edit to Deployment", latencies, edits, 0.99, Target(200)),
        Figure("image edit: writes", after.writes_since(before).total() / len(names), "", WRITES_PER_EDIT, Target(4)),
    ]


async def measure_no_op(operator: Operator, fleet: Fleet) -> list[Figure]:
    """The same content once more for every service, by server-side apply and by update."""
    services = {service["metadata"]["name"]: service for service in await fleet.list_services()}
    before = await settle(operator, QUIET_SECONDS)
    await concurrently(services, lambda name: fleet.apply_again(services[name]))
    await concurrently(services, lambda name: fleet.replace_again(services[name]))
    after = await settle(operator, QUIET_SECONDS)
    written = after.writes_since(before).total()
    return [
        Figure(f"no-op: writes after {len(services)} applies and updates", written, "", None, NONE),
        Figure("no-op: reads", after.reads_since(before), ""),
        Figure("no-op: passes", after.passes - before.passes, ""),
    ]


async def measure_idle(operator: Operator, services: int) -> list[Figure]:
    """Nothing happens for a minute: CPU and memory."""
    quiet = await settle(operator, QUIET_SECONDS)
    minute = await _idle_minute(operator)
    now = await operator.metrics()
    resident, allowed = minute.after.rss_bytes / MEBIBYTE, MEMORY_BASE + services * MEMORY_EACH
    return [
        Figure("idle: CPU of one core", minute.cpu_percent, "%", None, Target(0.5)),
        Figure("idle: memory, working set", minute.after.working_set_bytes / MEBIBYTE, "MiB"),
        Figure("idle: memory, RSS", resident, "MiB", None, Target(allowed)),
        Figure("idle: writes", now.writes_since(quiet).total(), "", None, NONE),
    ]


@dataclass(frozen=True)
class IdleMinute:
    before: Usage
    after: Usage

    @property
    def cpu_percent(self) -> float:
        """Of one core."""
        return 100 * (self.after.cpu_seconds - self.before.cpu_seconds) / (self.after.at - self.before.at)


async def _idle_minute(operator: Operator) -> IdleMinute:
    before = await _usage_after(operator, time.time())
    return IdleMinute(before, await _usage_after(operator, before.at + IDLE_SECONDS))


async def _usage_after(operator: Operator, moment: float) -> Usage:
    """The first sample of usage from after `moment` (Unix time): a sample may be older than the answer it comes in."""
    usage = await operator.usage()
    while usage.at < moment:
        await asyncio.sleep(USAGE_POLL_SECONDS)
        usage = await operator.usage()
    return usage


async def measure_restart(operator: Operator, services: int) -> list[Figure]:
    """The operator starts anew and finds everything as it should be."""
    await settle(operator, QUIET_SECONDS)
    await operator.stop()
    synced_at = await operator.start()
    after = await settle(operator, QUIET_AFTER_START_SECONDS)
    return [
        Figure(
            f"restart with {services} services: process start to synced",
            synced_at - after.started_at,
            "s",
            None,
            Target(10),
        ),
        Figure("restart: writes", after.write_count, "", None, NONE),
        Figure("restart: reads", after.read_count, ""),
        Figure("restart: passes", after.passes, ""),
        Figure("restart: CPU until all is seen", after.cpu_seconds, "s"),
    ]


RATIO = Target(0.6, at_least=True)
NONE = Target(0)


def _latencies(name: str, created: Created, floor: Created | None) -> list[Figure]:
    return [_latency(name, created.latencies, floor.latencies if floor else None, share) for share in (0.5, 0.9, 0.99)]


def _latency(
    name: str, seconds: Sequence[float], floor: Sequence[float] | None, share: float, target: Target | None = None
) -> Figure:
    bare = percentile(floor, share) * 1000 if floor else None
    return Figure(f"{name}, p{share * 100:g}", percentile(seconds, share) * 1000, "ms", bare, target)
