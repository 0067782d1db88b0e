"""What the watches saw, by kind and key: passes read from here, not from the API server."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping

from pydantic import BaseModel, ValidationError

from fastapi_fleet.constants import (
    ANNOTATION_REVISION_SPEC,
    ANNOTATION_STILL_CALLED,
    API_VERSION,
    LABEL_OWNER_KIND,
    LABEL_OWNER_NAME,
)
from fastapi_fleet.kube.kinds import CONFIG_MAP, DEPLOYMENT, FASTAPI_SERVICE, POD, Kind, Object, ObjectKey, key_of

_REMEMBERED_DELETIONS = 4096
"""Enough for every write that can be under way when a deletion is seen."""


class _Called(BaseModel):
    name: str


class _Revision(BaseModel):
    services: list[_Called] = []


class ObjectCache:
    """Newest known state of each watched object.

    Events and the answers to the operator's own writes arrive in any order: a version older than the known one of the
    same object is ignored, so a pass never sees less than it wrote. Resource versions are compared as the decimal
    numbers that they are (KEP-5504).
    """

    def __init__(self) -> None:
        self._objects: dict[str, dict[ObjectKey, Object]] = {}
        self._owned: dict[ObjectKey, set[ObjectKey]] = {}
        self._callers: dict[ObjectKey, set[ObjectKey]] = {}
        self._gone: OrderedDict[ObjectKey, tuple[str, int]] = OrderedDict()
        self._served: frozenset[str] = frozenset()

    @property
    def served(self) -> frozenset[str]:
        """Names of the optional kinds that the cluster has."""
        return self._served

    def begin(self, kind: Kind) -> bool:
        """An optional kind is there, and its objects are known. False where that is no news."""
        is_news = kind.name not in self._served
        self._served |= {kind.name}
        return is_news

    def end(self, kind: Kind) -> bool:
        """An optional kind is gone with all its objects. False where that is no news."""
        is_news = kind.name in self._served
        self._served -= {kind.name}
        for key, obj in self._objects.pop(kind.name, {}).items():
            self._unlink(key, obj)
        return is_news

    def get(self, key: ObjectKey) -> Object | None:
        return self._objects.get(key.kind, {}).get(key)

    def of_kind(self, kind: Kind) -> Iterator[Object]:
        return iter(list(self._objects.get(kind.name, {}).values()))

    def owned_by(self, owner: ObjectKey) -> list[Object]:
        """Every known object that is a child (or a pod) of `owner`."""
        return [obj for key in sorted(self._owned.get(owner, ())) if (obj := self.get(key)) is not None]

    def callers_of(self, service: ObjectKey) -> tuple[str, ...]:
        """Names of the FastAPIServices that call `service`, by their spec or by what they run, in order."""
        callers = {ObjectKey(FASTAPI_SERVICE.name, *key[1:]) for key in self._callers.get(service, ())}
        return tuple(sorted(key.name for key in callers if self.get(key) is not None))

    def put(self, obj: Object) -> bool:
        """Take over a state. False when it is older than the known one, or than the end of its object."""
        key = key_of(obj)
        known = self.get(key)
        if self._precedes_the_end(key, obj) or (known is not None and _version(obj) <= _version(known)):
            return False
        if known is not None:
            self._unlink(key, known)
        self._gone.pop(key, None)
        self._objects.setdefault(key.kind, {})[key] = slim(obj)
        owner = owner_of(obj)
        if owner is not None:
            self._owned.setdefault(owner, set()).add(key)
        for called in called_by(obj):
            self._callers.setdefault(called, set()).add(key)
        return True

    def remove(self, last: Object) -> Object | None:
        """Forget the object whose last state is `last`, not a successor of the same name. Returns its known state."""
        key = key_of(last)
        known = self.get(key)
        if known is None or known["metadata"]["uid"] != last["metadata"]["uid"]:
            return None
        self._remember_the_end(key, known["metadata"]["uid"], max(_version(known), _version(last)))
        self._unlink(key, known)
        return self._objects[key.kind].pop(key)

    def _unlink(self, key: ObjectKey, known: Object) -> None:
        owner = owner_of(known)
        if owner is not None:
            self._owned.get(owner, set()).discard(key)
        for called in called_by(known):
            self._callers.get(called, set()).discard(key)

    def _precedes_the_end(self, key: ObjectKey, obj: Object) -> bool:
        """An object that only left the watch, with a label, comes back later than it went, under the same uid."""
        uid, version = self._gone.get(key, ("", 0))
        return uid == obj["metadata"]["uid"] and _version(obj) <= version

    def _remember_the_end(self, key: ObjectKey, uid: str, version: int) -> None:
        self._gone[key] = (uid, version)
        if len(self._gone) > _REMEMBERED_DELETIONS:
            self._gone.popitem(last=False)


_UNREAD = {POD.name: "spec", CONFIG_MAP.name: "binaryData"}
"""OpenAPI documents are read where they are compared, which is seldom."""


def slim(obj: Object) -> Object:
    """The object without what no pass reads and every copy would pay for in memory."""
    metadata = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    unread = _UNREAD.get(obj["kind"])
    return {key: value for key, value in obj.items() if key != unread} | {"metadata": metadata}


def owner_of(obj: Object) -> ObjectKey | None:
    """The custom resource that the object belongs to: its controller or, where that is another kind, by its labels."""
    metadata = obj["metadata"]
    for reference in metadata.get("ownerReferences") or ():
        if reference.get("controller") and reference["apiVersion"] == API_VERSION:
            return ObjectKey(reference["kind"], metadata["namespace"], reference["name"])
    labels = metadata.get("labels") or {}
    kind, name = labels.get(LABEL_OWNER_KIND), labels.get(LABEL_OWNER_NAME)
    return ObjectKey(kind, metadata["namespace"], name) if kind and name else None


def called_by(obj: Object) -> Iterator[ObjectKey]:
    """The services that a FastAPIService says it calls, or that the pods of its Deployment do.

    They differ where an earlier revision runs. Nothing for an object of another kind.
    """
    names: Iterable[str] = ()
    if obj["kind"] == FASTAPI_SERVICE.name:
        names = (service["name"] for service in (obj.get("spec") or {}).get("services") or ())
    elif obj["kind"] == DEPLOYMENT.name:
        names = _called_by_pods(obj["metadata"].get("annotations") or {})
    for name in names:
        yield ObjectKey(FASTAPI_SERVICE.name, obj["metadata"]["namespace"], name)


def _called_by_pods(annotations: Mapping[str, str]) -> Iterator[str]:
    yield from _called_by_revision(annotations.get(ANNOTATION_REVISION_SPEC, "{}"))
    yield from (name for name in annotations.get(ANNOTATION_STILL_CALLED, "").split(",") if name)


def _called_by_revision(kept: str) -> list[str]:
    """By what of the spec made the newest revision; nothing where a hand has made it something else."""
    try:
        return [service.name for service in _Revision.model_validate_json(kept).services]
    except ValidationError:
        return []


def _version(obj: Object) -> int:
    return int(obj["metadata"]["resourceVersion"])
