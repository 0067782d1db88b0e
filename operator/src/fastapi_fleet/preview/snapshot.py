"""A cluster as it is, and as it would be with some resources applied."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from fastapi_fleet.api.crd import resource_schema
from fastapi_fleet.kube.cache import ObjectCache, called_by
from fastapi_fleet.kube.client import KindWatcher, KubeClient
from fastapi_fleet.kube.kinds import (
    CHILDREN,
    FASTAPI_SERVICE,
    FLEET_PLATFORM,
    OPTIONAL,
    OWNERS,
    POD,
    Kind,
    Object,
    ObjectKey,
    key_of,
)
from fastapi_fleet.offline.admission import BY_NAME
from fastapi_fleet.offline.schema_rules import completed
from fastapi_fleet.preview.applied import applied, fields_of
from fastapi_fleet.preview.changes import ObjectChange, creation, differences
from fastapi_fleet.reconcile.resync import label_selector
from fastapi_fleet.resources.manifest import Manifest

_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


class Client(KubeClient, KindWatcher, Protocol):
    """What reads a cluster."""


class Snapshot:
    """`cache`: as passes would see it once the resources were applied; `submitted` are these, in their order."""

    def __init__(self) -> None:
        self.cache = ObjectCache()
        self.submitted: list[Object] = []
        self._live: dict[ObjectKey, Object] = {}

    def live(self, key: ObjectKey) -> Object | None:
        """With its managed fields, which no cache keeps."""
        return self._live.get(key)

    async def read(self, client: Client, namespaces: Iterable[str]) -> None:
        """Everything that passes over resources in these namespaces would know."""
        served = [kind for kind in OPTIONAL if await client.serves(kind)]
        for kind in served:
            self.cache.begin(kind)
        places = [(kind, namespace) for kind in (*OWNERS, *CHILDREN, POD, *served) for namespace in namespaces]
        await asyncio.gather(*(self._read(client, kind, namespace) for kind, namespace in places))

    async def _read(self, client: Client, kind: Kind, namespace: str) -> None:
        for obj in await client.list_objects(kind, namespace, label_selector(kind)):
            self._live[key_of(obj)] = obj
            self.cache.put(obj)

    def submit(self, resource: Object) -> ObjectChange | None:
        """Apply a resource here, as whoever applied it before would. None where nothing changes by that."""
        given, schema = completed(resource, {}), resource_schema(BY_NAME[resource["kind"]])
        live = self._live.get(key_of(given))
        if live is None:
            self._put(given | {"metadata": _OF_NEW | given["metadata"], "spec": completed(given, schema)["spec"]})
            return creation(given)
        before = completed(_said(live), schema)
        after = completed(applied(_said(live), _said(given), fields_of(live, _is_applier)), schema)
        version = str(int(live["metadata"]["resourceVersion"]) + 1)
        self._put(live | {"metadata": live["metadata"] | {"resourceVersion": version}, "spec": after["spec"]})
        changed = tuple(differences(before, after))
        return ObjectChange("change", *key_of(given), changed) if changed else None

    def run(self, deployment: Manifest) -> None:
        """Take a Deployment for rolled out: by what it runs, services know who calls them."""
        known = self.cache.get(key_of(deployment))
        if known is not None:
            version = str(int(known["metadata"]["resourceVersion"]) + 1)
            news = {"annotations": deployment["metadata"]["annotations"], "resourceVersion": version}
            self.cache.put(known | {"metadata": known["metadata"] | news})

    def touched(self) -> list[Object]:
        """Services that were not submitted and may change with those that were: callers and called, now or before."""
        keys = {key_of(resource) for resource in self.submitted}
        before = [live for key in keys if (live := self._live.get(key))]
        calls = {called for resource in (*before, *self.submitted) for called in called_by(resource)}
        services = [service for service in self.cache.of_kind(FASTAPI_SERVICE) if key_of(service) not in keys]
        return [
            service
            for service in services
            if key_of(service) in calls or keys & {*called_by(service), _platform(service)}
        ]

    def _put(self, resource: Object) -> None:
        self.cache.put(resource)
        self.submitted.append(resource)


_OF_NEW = {"uid": "", "generation": 1, "resourceVersion": "1"}


def _platform(service: Object) -> ObjectKey:
    name = (service.get("spec") or {}).get("platform", "default")
    return ObjectKey(FLEET_PLATFORM.name, service["metadata"]["namespace"], name)


def _said(resource: Object) -> Object:
    """What people say in a resource."""
    metadata = resource["metadata"]
    annotations = {name: text for name, text in (metadata.get("annotations") or {}).items() if name != _LAST_APPLIED}
    said = {"labels": metadata.get("labels") or {}, "annotations": annotations}
    return {"metadata": said, "spec": resource.get("spec") or {}}


def _is_applier(entry: Mapping[str, str]) -> bool:
    """`fleet pause` and `kubectl edit` are none: what they wrote stays until somebody says otherwise."""
    return entry.get("operation") == "Apply" or entry.get("manager") == "kubectl-client-side-apply"
