"""RabbitmqCluster: the server of mode ClusterOperator, run by the RabbitMQ Cluster Operator.

It has no owner reference, and outlives the platform: the Cluster Operator deletes the volumes with it.
"""

from collections.abc import Iterator

from fastapi_fleet.api.platform_modes import ClusterOperator
from fastapi_fleet.api.platform_spec import RabbitmqPlatform
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, Owner, retained_child

KIND = "RabbitmqCluster"


def render_rabbitmq_cluster(owner: Owner, spec: RabbitmqPlatform | None, served: frozenset[str]) -> Iterator[Manifest]:
    if spec is None or spec.mode != "ClusterOperator" or KIND not in served:
        return
    cluster = spec.cluster_operator or ClusterOperator()
    name = names.rabbitmq(owner.name)
    manifest = retained_child(owner, api_version="rabbitmq.com/v1beta1", kind=KIND, name=name, component="rabbitmq")
    storage_class = {"storageClassName": cluster.storage_class} if cluster.storage_class else {}
    yield {
        **manifest,
        "spec": {
            "replicas": cluster.replicas,
            **({"image": cluster.image} if cluster.image else {}),
            "persistence": {"storage": spec.storage, **storage_class},
            **({"resources": spec.resources.model_dump(exclude_none=True)} if spec.resources else {}),
        },
    }
