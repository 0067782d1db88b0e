"""ProductionGrade: whether the platform's servers survive the loss of a node. It informs and holds nothing up."""

from collections.abc import Iterator, Mapping

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.status.conditions import Finding, fails, holds, unknown
from fastapi_fleet.status.facts import LiveObject
from fastapi_fleet.status.managed_clusters import state_of_cluster

MANAGED = frozenset({"CloudNativePG", "ClusterOperator"})

MAJORITY = {"postgres": 2, "rabbitmq": 3}
"""Instances with which a cluster goes on after it has lost one."""

_INSTANCES = {"postgres": "instances", "rabbitmq": "replicas"}


def production_grade(spec: FleetPlatformSpec, clusters: Mapping[str, LiveObject]) -> Iterator[Finding]:
    """Nothing for a platform without servers; else as its weakest server is."""
    kind = ConditionType.PRODUCTION_GRADE
    servers = {"postgres": spec.postgres, "rabbitmq": spec.rabbitmq}
    modes = {component: server.mode for component, server in servers.items() if server is not None}
    managed = [component for component, mode in modes.items() if mode in MANAGED]
    made = {component: clusters[component] for component in managed if component in clusters}
    weak = [message for component, cluster in made.items() if (message := _weakness(component, cluster))]
    if "Embedded" in modes.values():
        message = "mode Embedded runs one replica without backups: good for development, not for production"
        yield fails(kind, Reason.EMBEDDED, message)
    elif weak:
        yield fails(kind, Reason.NOT_REPLICATED, "; ".join(weak))
    elif "External" in modes.values():
        message = "mode External: replicas and backups are seen to where the server is run, and not visible from here"
        yield unknown(kind, Reason.EXTERNAL, message)
    elif len(made) < len(managed):
        yield unknown(kind, Reason.PENDING, "not every server has been made yet")
    elif made:
        yield holds(kind, Reason.REPLICATED, "every instance is ready, and one may be lost; backups are not looked at")


def _weakness(component: str, cluster: LiveObject) -> str | None:
    name = f"{cluster['kind']} {cluster['metadata']['name']}"
    wanted = cluster["spec"][_INSTANCES[component]]
    if wanted < MAJORITY[component]:
        return f"{name} has {wanted} instances, and does not survive the loss of one"
    state = state_of_cluster(cluster)
    return None if state.complete else f"{name}: {state.said}"
