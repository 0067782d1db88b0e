"""A cluster as some files describe it, and what is taken for granted of the rest."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import AMQP_PORT, API_VERSION, POSTGRES_PORT
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.kinds import FASTAPI_SERVICE, FLEET_PLATFORM, OPTIONAL, Object, ObjectKey, key_of
from fastapi_fleet.reconcile.endpoints import endpoints_of
from fastapi_fleet.reconcile.observe import Observed
from fastapi_fleet.reconcile.ownership import owner_key
from fastapi_fleet.resources.manifest import Owner
from fastapi_fleet.resources.spec_references import referenced

PORTS: Final = {"postgres": POSTGRES_PORT, "rabbitmq": AMQP_PORT}


class World:
    """Objects of files. Each that a service needs and no file has is made up, and told of in `assumptions`."""

    def __init__(self, resources: Iterable[Object], *, namespace: str, without: Iterable[str] = ()) -> None:
        self.cache = ObjectCache()
        self.assumptions: list[str] = []
        for kind in OPTIONAL:
            if kind.name not in without:
                self.cache.begin(kind)
        self._given: list[ObjectKey] = []
        for resource in resources:
            stored = _as_stored(resource, namespace)
            self.cache.put(stored)
            self._given.append(key_of(stored))

    def of_kind(self, kind: str) -> list[Object]:
        """The objects of the files, not those that were made up, in their order."""
        return [obj for key in self._given if key.kind == kind and (obj := self.cache.get(key))]

    def observe(self, owner: Owner, spec: FastAPIServiceSpec) -> Observed:
        """As a pass would find everything before the service is there for the first time."""
        if spec.database is not None or spec.broker is not None:
            self._require(_platform(owner.namespace, spec.platform), "with embedded servers")
        for service in spec.services:
            self._require(_service(owner.namespace, service.name), "which listens on port 8000")
        platform = self.cache.get(ObjectKey(FLEET_PLATFORM.name, owner.namespace, spec.platform))
        return Observed(
            owner=owner,
            children={},
            own_secret={},
            secret_since=None,
            rotations={},
            signing_keys={},
            migrations_secret={},
            references=dict(self._references(owner.namespace, spec)),
            dependencies={
                service.name: self.cache.get(ObjectKey(FASTAPI_SERVICE.name, owner.namespace, service.name))
                for service in spec.services
            },
            called_besides={},
            callers=self.cache.callers_of(owner_key(owner)),
            pods=(),
            served=self.cache.served,
            endpoints=endpoints_of(owner.name, spec.platform, platform and self._with_servers(platform, spec)),
            worker=None,
            worker_pods=(),
        )

    def _require(self, stand_in: Object, how: str) -> None:
        key = key_of(stand_in)
        if self.cache.get(key) is None:
            self.cache.put(stand_in)
            self.assumptions.append(f"{key} is there, {how}")

    def _references(self, namespace: str, spec: FastAPIServiceSpec) -> Iterator[tuple[ObjectKey, Object | None]]:
        """Secrets and ConfigMaps by version alone: whatever a file says of their contents, nobody needs it here."""
        keys = {secret.key: "" for secret in spec.secrets if secret.key is not None}
        for reference in referenced(spec):
            key = ObjectKey(reference.kind, namespace, reference.name)
            given = self.cache.get(key)
            if given is None and not reference.optional:
                self.assumptions.append(f"{key} is there, as {reference.field_name} says")
            is_there = given is not None or not reference.optional
            yield key, _stored(key, "v1", data=keys) if is_there else None

    def _with_servers(self, platform: Object, spec: FastAPIServiceSpec) -> Object:
        """The platform with what its status would say of servers that it does not run itself."""
        status = dict(platform.get("status") or {})
        for server, asked in (("postgres", spec.database), ("rabbitmq", spec.broker)):
            mode = ((platform.get("spec") or {}).get(server) or {}).get("mode", "Embedded")
            if asked is not None and mode != "Embedded" and server not in status:
                status[server] = {"host": f"{server}.invalid", "port": PORTS[server]}
                self.assumptions.append(f"{key_of(platform)} finds its {server} at {server}.invalid:{PORTS[server]}")
        return platform | {"status": status}


def _as_stored(resource: Object, namespace: str) -> Object:
    """With what the API server gives every object."""
    metadata = resource["metadata"]
    name = f"{resource['kind']} {metadata['name']}"
    given = {"namespace": namespace, "uid": f"uid of {name}", "generation": 1} | metadata
    return resource | {"metadata": given | {"resourceVersion": "1"}}


def _stored(key: ObjectKey, api_version: str, **fields: Mapping[str, object]) -> Object:
    metadata = {"name": key.name, "namespace": key.namespace}
    return _as_stored({"apiVersion": api_version, "kind": key.kind, "metadata": metadata, **fields}, key.namespace)


def _platform(namespace: str, name: str) -> Object:
    key = ObjectKey(FLEET_PLATFORM.name, namespace, name)
    return _stored(key, API_VERSION, spec={"postgres": {}, "rabbitmq": {}})


def _service(namespace: str, name: str) -> Object:
    return _stored(ObjectKey(FASTAPI_SERVICE.name, namespace, name), API_VERSION, spec={})
