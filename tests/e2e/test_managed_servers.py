"""Servers that the operators of PostgreSQL and RabbitMQ run: asked for where their kinds are there, and used."""

from definitions import installed
from fleet import API_VERSION, PLATFORM, Images, forwarded, guests, start
from kubectl import Kubectl, Resource, condition_of
from other_operators import (
    CLUSTERS,
    NOTICED_SECONDS,
    POSTGRES_CLUSTER,
    RABBITMQ_CLUSTER,
    run_postgres_cluster,
    run_rabbitmq_cluster,
)

MANAGED = {
    "apiVersion": API_VERSION,
    "kind": "FleetPlatform",
    "metadata": {"name": "default"},
    "spec": {"postgres": {"mode": "CloudNativePG"}, "rabbitmq": {"mode": "ClusterOperator"}},
}


def test_platform_waits_for_the_kinds_and_uses_what_is_made_of_them(cluster: Kubectl, images: Images) -> None:
    cluster.apply(MANAGED)
    cluster.await_state(PLATFORM, "default", lacks_kinds, timeout=NOTICED_SECONDS)
    with installed(cluster, CLUSTERS):
        run_postgres_cluster(cluster, images, "default-postgres")
        run_rabbitmq_cluster(cluster, images, "default-rabbitmq")
        platform = cluster.await_condition(PLATFORM, "default", "Ready", timeout=60)
        assert condition_of(platform, "ProductionGrade")["reason"] == "Replicated"

        start(cluster, guests(images, "guests"))
        with forwarded(cluster, "guests") as service:
            assert service.post("/users", json={"email": "eve@example.com", "name": "Eve"}).status_code == 201

        cluster.delete(PLATFORM, "default")
        assert_outlives_its_platform(cluster, POSTGRES_CLUSTER, "default-postgres")
        assert_outlives_its_platform(cluster, RABBITMQ_CLUSTER, "default-rabbitmq")


def lacks_kinds(platform: Resource) -> bool:
    return bool(condition_of(platform, "PostgresReady")["reason"] == "KindMissing")


def assert_outlives_its_platform(cluster: Kubectl, kind: str, name: str) -> None:
    """Nothing is left that would have Kubernetes collect it."""
    kept = cluster.get(kind, name)
    assert kept is not None
    assert "ownerReferences" not in kept["metadata"]
