"""Stand-ins for CloudNativePG and for the RabbitMQ Cluster Operator: they do, for one resource, what services notice.

Neither operator is installed for the tests. Their CRDs are the published ones where the folder `shared/crds` is beside
the checkout, else definitions of the fields in use (tests/e2e/crds).
"""

from pathlib import Path
from typing import Final

from fleet import Images
from kubectl import Kubectl
from servers import Server, secret, start_postgres, start_rabbitmq

POSTGRES_CLUSTER: Final = "clusters.postgresql.cnpg.io"
RABBITMQ_CLUSTER: Final = "rabbitmqclusters.rabbitmq.com"
CRDS: Final = {
    POSTGRES_CLUSTER: "postgresql.cnpg.io_clusters.yaml",
    RABBITMQ_CLUSTER: "rabbitmq.com_rabbitmqclusters.yaml",
}

NOTICED_SECONDS: Final = 60.0
"""The operator looks for kinds every 30 s."""

_HERE: Final = Path(__file__).parent
_PUBLISHED: Final = _HERE.parents[2] / "shared" / "crds"


def install_crds(cluster: Kubectl) -> None:
    for crd, file in CRDS.items():
        published = _PUBLISHED / file
        path = published if published.exists() else _HERE / "crds" / file
        cluster.run("apply", "--server-side", f"--filename={path}")
        cluster.run("wait", f"crd/{crd}", "--for=condition=Established", "--timeout=30s")


def remove_crds(cluster: Kubectl) -> None:
    cluster.run("delete", "crd", *CRDS, "--ignore-not-found", "--timeout=60s")


def run_postgres_cluster(cluster: Kubectl, images: Images, name: str) -> None:
    """What CloudNativePG makes of a Cluster: instances, a Service before the primary, Secrets, status."""
    found = cluster.await_state(POSTGRES_CLUSTER, name, lambda _: True, timeout=NOTICED_SECONDS)
    server = Server(f"{name}-rw", images.postgres, {"cnpg.io/cluster": name}, "postgres")
    certificate = start_postgres(cluster, server)
    cluster.apply(
        secret(f"{name}-superuser", {**server.login, "dbname": "*", "host": f"{name}-rw", "port": "5432"}),
        secret(f"{name}-ca", {"ca.crt": certificate}),
    )
    status = {"readyInstances": found["spec"]["instances"], "phase": "Cluster in healthy state"}
    cluster.patch(POSTGRES_CLUSTER, name, {"status": status}, subresource="status")


def run_rabbitmq_cluster(cluster: Kubectl, images: Images, name: str) -> None:
    """What the Cluster Operator makes of a RabbitmqCluster: nodes, a Service, a Secret, status."""
    cluster.await_state(RABBITMQ_CLUSTER, name, lambda _: True, timeout=NOTICED_SECONDS)
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/component": "rabbitmq"}
    server = Server(name, images.rabbitmq, labels, "default_user")
    start_rabbitmq(cluster, server)
    cluster.apply(secret(f"{name}-default-user", {**server.login, "host": f"{name}.{cluster.namespace}.svc"}))
    conditions = [{"type": kind, "status": "True"} for kind in ("ClusterAvailable", "AllReplicasReady")]
    cluster.patch(RABBITMQ_CLUSTER, name, {"status": {"conditions": conditions}}, subresource="status")
