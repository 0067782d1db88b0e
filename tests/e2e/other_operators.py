"""Stand-ins for CloudNativePG and for the RabbitMQ Cluster Operator: they do, for one resource, what services notice.

Neither operator is installed for the tests; their CRDs come from definitions.py.
"""

from typing import Final

from definitions import crd_name
from fleet import Images
from kubectl import Kubectl
from servers import Server, secret, start_postgres, start_rabbitmq

CLUSTERS: Final = ("postgresql.cnpg.io_clusters", "rabbitmq.com_rabbitmqclusters")
POSTGRES_CLUSTER, RABBITMQ_CLUSTER = map(crd_name, CLUSTERS)

NOTICED_SECONDS: Final = 60.0
"""The operator looks for kinds every 30 s."""


def run_postgres_cluster(cluster: Kubectl, images: Images, name: str) -> None:
    """What CloudNativePG makes of a Cluster: instances, a Service before the primary, Secrets, status."""
    found = cluster.await_state(POSTGRES_CLUSTER, name, lambda _: True, timeout=NOTICED_SECONDS)
    server = Server(f"{name}-rw", images.postgres, {"cnpg.io/cluster": name}, "postgres")
    certificate = start_postgres(cluster, server)
    cluster.create(
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
    cluster.create(secret(f"{name}-default-user", {**server.login, "host": f"{name}.{cluster.namespace}.svc"}))
    conditions = [{"type": kind, "status": "True"} for kind in ("ClusterAvailable", "AllReplicasReady")]
    cluster.patch(RABBITMQ_CLUSTER, name, {"status": {"conditions": conditions}}, subresource="status")
