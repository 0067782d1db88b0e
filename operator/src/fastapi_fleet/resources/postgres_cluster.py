"""Cluster of CloudNativePG: the server of mode CloudNativePG, run by that operator.

It has no owner reference, and outlives the platform: CloudNativePG deletes the volumes with it.
"""

from collections.abc import Iterator

from fastapi_fleet.api.platform_modes import CloudNativePG
from fastapi_fleet.api.platform_spec import PostgresPlatform
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, Owner, retained_child

KIND = "Cluster"


def render_postgres_cluster(owner: Owner, spec: PostgresPlatform | None, served: frozenset[str]) -> Iterator[Manifest]:
    if spec is None or spec.mode != "CloudNativePG" or KIND not in served:
        return
    cluster = spec.cloud_native_pg or CloudNativePG()
    name = names.postgres(owner.name)
    manifest = retained_child(owner, api_version="postgresql.cnpg.io/v1", kind=KIND, name=name, component="postgres")
    storage_class = {"storageClass": cluster.storage_class} if cluster.storage_class else {}
    yield {
        **manifest,
        "spec": {
            "instances": cluster.instances,
            **({"imageName": cluster.image} if cluster.image else {}),
            "enableSuperuserAccess": True,
            "storage": {"size": spec.storage, **storage_class},
            "postgresql": {"parameters": {"max_connections": str(spec.max_connections)}},
            **({"resources": spec.resources.model_dump(exclude_none=True)} if spec.resources else {}),
        },
    }
