"""The kinds that the operator reads or writes."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from fastapi_fleet.constants import GROUP, OWNER_KIND_PLATFORM, OWNER_KIND_SERVICE, VERSION

Object = dict[str, Any]
"""A Kubernetes object as the API sends it. Typed client models cost a multiple in CPU and memory (docs/adr/0003)."""


@dataclass(frozen=True)
class Kind:
    """A resource type: `plural` is its name in paths."""

    name: str
    group: str
    version: str
    plural: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """URL path below the server, of one object, a namespace's list or, without a namespace, the cluster's."""
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        parts += ["namespaces", namespace] if namespace else []
        parts += [self.plural, *(part for part in (name, subresource) if part)]
        return "/" + "/".join(parts)


class ObjectKey(NamedTuple):
    """Identity of an object within the cluster."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


FASTAPI_SERVICE: Final = Kind(OWNER_KIND_SERVICE, GROUP, VERSION, "fastapiservices")
FLEET_PLATFORM: Final = Kind(OWNER_KIND_PLATFORM, GROUP, VERSION, "fleetplatforms")
DEPLOYMENT: Final = Kind("Deployment", "apps", "v1", "deployments")
JOB: Final = Kind("Job", "batch", "v1", "jobs")
REPLICA_SET: Final = Kind("ReplicaSet", "apps", "v1", "replicasets")
STATEFUL_SET: Final = Kind("StatefulSet", "apps", "v1", "statefulsets")
SERVICE: Final = Kind("Service", "", "v1", "services")
CONFIG_MAP: Final = Kind("ConfigMap", "", "v1", "configmaps")
SECRET: Final = Kind("Secret", "", "v1", "secrets")
SERVICE_ACCOUNT: Final = Kind("ServiceAccount", "", "v1", "serviceaccounts")
HORIZONTAL_POD_AUTOSCALER: Final = Kind("HorizontalPodAutoscaler", "autoscaling", "v2", "horizontalpodautoscalers")
POD_DISRUPTION_BUDGET: Final = Kind("PodDisruptionBudget", "policy", "v1", "poddisruptionbudgets")
HTTP_ROUTE: Final = Kind("HTTPRoute", "gateway.networking.k8s.io", "v1", "httproutes")
SERVICE_MONITOR: Final = Kind("ServiceMonitor", "monitoring.coreos.com", "v1", "servicemonitors")
POSTGRES_CLUSTER: Final = Kind("Cluster", "postgresql.cnpg.io", "v1", "clusters")
RABBITMQ_CLUSTER: Final = Kind("RabbitmqCluster", "rabbitmq.com", "v1beta1", "rabbitmqclusters")
NETWORK_POLICY: Final = Kind("NetworkPolicy", "networking.k8s.io", "v1", "networkpolicies")
INGRESS: Final = Kind("Ingress", "networking.k8s.io", "v1", "ingresses")
POD: Final = Kind("Pod", "", "v1", "pods")
LEASE: Final = Kind("Lease", "coordination.k8s.io", "v1", "leases")
EVENT: Final = Kind("Event", "events.k8s.io", "v1", "events")

OWNERS: Final = (FASTAPI_SERVICE, FLEET_PLATFORM)
"""Kinds that people write and that a pass is made for."""

CHILDREN: Final = (
    DEPLOYMENT,
    STATEFUL_SET,
    JOB,
    SERVICE,
    CONFIG_MAP,
    SECRET,
    SERVICE_ACCOUNT,
    HORIZONTAL_POD_AUTOSCALER,
    POD_DISRUPTION_BUDGET,
    NETWORK_POLICY,
    INGRESS,
)
"""Kinds that the operator writes and every cluster has."""

OPTIONAL: Final = (HTTP_ROUTE, SERVICE_MONITOR, POSTGRES_CLUSTER, RABBITMQ_CLUSTER)
"""Kinds that the operator writes where their CRD is there; it may come and go (reconcile/optional_kinds.py)."""

WATCHED: Final = (*OWNERS, *CHILDREN, POD)
"""Kinds that are watched from the start to the end."""

BY_NAME: Final = {kind.name: kind for kind in (*WATCHED, *OPTIONAL, REPLICA_SET, LEASE, EVENT)}


def key_of(obj: Object) -> ObjectKey:
    metadata = obj["metadata"]
    return ObjectKey(obj["kind"], metadata["namespace"], metadata["name"])
