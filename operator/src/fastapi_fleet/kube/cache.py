"""What the watches saw, by kind and key: passes read from here, not from the API server."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from fastapi_fleet.constants import LABEL_OWNER_KIND, LABEL_OWNER_NAME
from fastapi_fleet.kube.kinds import Kind, Object, ObjectKey, key_of

_REMEMBERED_DELETIONS = 4096
"""Enough for every write that can be under way when a deletion is seen."""


class ObjectCache:
    """Newest known state of each watched object.

    Events and the answers to the operator's own writes arrive in any order: a version older than the known one of the
    same object is ignored, so a pass never sees less than it wrote. Resource versions are compared as the decimal
    numbers that they are (KEP-5504).
    """

    def __init__(self) -> None:
        self._objects: dict[str, dict[ObjectKey, Object]] = {}
        self._owned: dict[ObjectKey, set[ObjectKey]] = {}
        self._gone: OrderedDict[ObjectKey, str] = OrderedDict()

    def get(self, key: ObjectKey) -> Object | None:
        return self._objects.get(key.kind, {}).get(key)

    def of_kind(self, kind: Kind) -> Iterator[Object]:
        return iter(list(self._objects.get(kind.name, {}).values()))

    def owned_by(self, owner: ObjectKey) -> list[Object]:
        """Every known object that is labelled as a child (or a pod) of `owner`."""
        return [obj for key in sorted(self._owned.get(owner, ())) if (obj := self.get(key)) is not None]

    def put(self, obj: Object) -> bool:
        """Take over a state. False when it is older than the known one, or of an object known to be gone."""
        key = key_of(obj)
        known = self.get(key)
        if self._gone.get(key) == obj["metadata"]["uid"] or (known is not None and not _is_newer(obj, known)):
            return False
        self._gone.pop(key, None)
        self._objects.setdefault(key.kind, {})[key] = obj
        owner = owner_of(obj)
        if owner is not None:
            self._owned.setdefault(owner, set()).add(key)
        return True

    def remove(self, key: ObjectKey, uid: str | None = None) -> Object | None:
        """Forget an object. With `uid`: only if it is the known one, not a successor of the same name."""
        known = self.get(key)
        if known is None or (uid is not None and known["metadata"]["uid"] != uid):
            return None
        self._remember_deletion(key, known["metadata"]["uid"])
        owner = owner_of(known)
        if owner is not None:
            self._owned.get(owner, set()).discard(key)
        return self._objects[key.kind].pop(key)

    def keys(self, kind: Kind) -> set[ObjectKey]:
        return set(self._objects.get(kind.name, ()))

    def missing_from(self, kind: Kind, listed: Iterable[Object]) -> set[ObjectKey]:
        """Known keys of the kind that a list no longer has: deletions that no watch reported."""
        return self.keys(kind) - {key_of(obj) for obj in listed}

    def _remember_deletion(self, key: ObjectKey, uid: str) -> None:
        self._gone[key] = uid
        if len(self._gone) > _REMEMBERED_DELETIONS:
            self._gone.popitem(last=False)


def owner_of(obj: Object) -> ObjectKey | None:
    """The custom resource that the object is labelled as belonging to."""
    labels = obj["metadata"].get("labels") or {}
    kind, name = labels.get(LABEL_OWNER_KIND), labels.get(LABEL_OWNER_NAME)
    return ObjectKey(kind, obj["metadata"]["namespace"], name) if kind and name else None


def _is_newer(obj: Object, known: Object) -> bool:
    return int(obj["metadata"]["resourceVersion"]) > int(known["metadata"]["resourceVersion"])
