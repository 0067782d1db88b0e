"""Servers that the operators of PostgreSQL and RabbitMQ run: asked for where their kinds are there, and used."""

from collections.abc import Iterator

import pytest
from fleet import API_VERSION, PLATFORM, Images, forwarded, guests, start
from kubectl import Kubectl, Resource, condition_of
from other_operators import (
    NOTICED_SECONDS,
    POSTGRES_CLUSTER,
    RABBITMQ_CLUSTER,
    install_crds,
    remove_crds,
    run_postgres_cluster,
    run_rabbitmq_cluster,
)

MANAGED = {
    "apiVersion": API_VERSION,
    "kind": "FleetPlatform",
    "metadata": {"name": "default"},
    "spec": {"postgres": {"mode": "CloudNativePG"}, "rabbitmq": {"mode": "ClusterOperator"}},
}


@pytest.fixture
def without_kinds(cluster: Kubectl) -> Iterator[Kubectl]:
    remove_crds(cluster)
    yield cluster
    remove_crds(cluster)


def test_platform_waits_for_the_kinds_and_uses_what_is_made_of_them(without_kinds: Kubectl, images: Images) -> None:
    cluster = without_kinds
    cluster.apply(MANAGED)

    def lacks_kinds(found: Resource) -> bool:
        return bool(condition_of(found, "PostgresReady")["reason"] == "KindMissing")

    cluster.await_state(PLATFORM, "default", lacks_kinds, timeout=NOTICED_SECONDS)
    install_crds(cluster)
    run_postgres_cluster(cluster, images, "default-postgres")
    run_rabbitmq_cluster(cluster, images, "default-rabbitmq")
    platform = cluster.await_condition(PLATFORM, "default", "Ready", timeout=60)
    assert condition_of(platform, "ProductionGrade")["reason"] == "Replicated"

    start(cluster, guests(images, "guests"))
    with forwarded(cluster, "guests") as service:
        assert service.post("/users", json={"email": "eve@example.com", "name": "Eve"}).status_code == 201

    cluster.delete(PLATFORM, "default")
    for kind, name in ((POSTGRES_CLUSTER, "default-postgres"), (RABBITMQ_CLUSTER, "default-rabbitmq")):
        kept = cluster.get(kind, name)
        assert kept is not None
        assert "ownerReferences" not in kept["metadata"]
