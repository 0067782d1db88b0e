"""What the operator says about itself at /metrics."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi_fleet.kube.kinds import CONFIG_MAP, LEASE
from prometheus_client.parser import text_string_to_metric_families

WRITE_VERBS = frozenset({"PATCH", "POST", "PUT", "DELETE"})


@dataclass(frozen=True)
class Metrics:
    """One scrape. `started_at`: Unix time.

    `writes` and `reads`: requests since the start by "verb kind", without those for the Lease and the heartbeat.
    """

    writes: Mapping[str, int]
    reads: Mapping[str, int]
    passes: int
    queue_depth: int
    cpu_seconds: float
    resident_bytes: float
    started_at: float

    @property
    def write_count(self) -> int:
        return sum(self.writes.values())

    @property
    def read_count(self) -> int:
        return sum(self.reads.values())

    def writes_since(self, before: "Metrics") -> Counter[str]:
        return Counter(self.writes) - Counter(before.writes)

    def reads_since(self, before: "Metrics") -> int:
        return self.read_count - before.read_count


def parse_metrics(text: str) -> Metrics:
    writes: Counter[str] = Counter()
    reads: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    single: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            single[sample.name] = sample.value
            totals[sample.name] += int(sample.value)
            if sample.name == "fastapi_fleet_api_requests_total" and sample.labels["kind"] != LEASE.name:
                counts = writes if sample.labels["verb"] in WRITE_VERBS else reads
                counts[f"{sample.labels['verb']} {sample.labels['kind']}"] += int(sample.value)
    writes[f"PATCH {CONFIG_MAP.name}"] -= totals["fastapi_fleet_heartbeats_total"]
    return Metrics(
        writes=writes,
        reads=reads,
        passes=totals["fastapi_fleet_reconcile_total"],
        queue_depth=totals["fastapi_fleet_queue_depth"],
        cpu_seconds=single["process_cpu_seconds_total"],
        resident_bytes=single["process_resident_memory_bytes"],
        started_at=single["process_start_time_seconds"],
    )
