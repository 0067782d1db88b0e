"""What the operators of PostgreSQL and RabbitMQ say of the clusters that they run."""

from dataclasses import dataclass

from fastapi_fleet.resources import postgres_cluster
from fastapi_fleet.status.facts import LiveObject


@dataclass(frozen=True)
class ClusterState:
    """`serving`: some instance is ready. `complete`: all are. `said`: in a word or two of the other operator."""

    serving: bool
    complete: bool
    said: str


def state_of_cluster(cluster: LiveObject) -> ClusterState:
    return _state_of_postgres(cluster) if cluster["kind"] == postgres_cluster.KIND else _state_of_rabbitmq(cluster)


def _state_of_postgres(cluster: LiveObject) -> ClusterState:
    status = cluster.get("status") or {}
    ready = int(status.get("readyInstances") or 0)
    wanted = cluster["spec"]["instances"]
    said = f"{ready} of {wanted} instances ready"
    return ClusterState(ready > 0, ready >= wanted, ", ".join(part for part in (status.get("phase"), said) if part))


def _state_of_rabbitmq(cluster: LiveObject) -> ClusterState:
    conditions = {item["type"]: item for item in (cluster.get("status") or {}).get("conditions") or ()}
    holding = {kind for kind, condition in conditions.items() if condition["status"] == "True"}
    said = (
        f"{kind} is {conditions[kind]['status']}"
        for kind in ("ClusterAvailable", "AllReplicasReady")
        if kind in conditions
    )
    return ClusterState(
        "ClusterAvailable" in holding, "AllReplicasReady" in holding, ", ".join(said) or "no status yet"
    )
