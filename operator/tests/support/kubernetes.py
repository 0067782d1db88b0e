"""A Kubernetes API in memory: versions, generations, server-side apply, finalizers, garbage collection and watches."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, NamedTuple

from fastapi_fleet.constants import ANNOTATION_REVISION, FIELD_MANAGER, LABEL_MANAGED_BY, MANAGED_BY
from fastapi_fleet.errors import ApiConflictError, ApiRefusedError, ApiUnavailableError, NoLogError, ReconcileError
from fastapi_fleet.kube.client import WatchEvent
from fastapi_fleet.kube.kinds import DEPLOYMENT, OPTIONAL, OWNERS, WATCHED, Kind, Object, ObjectKey, key_of

from support.api_rules import as_kept, refusal
from support.json_copy import copied
from support.managed_fields import entry_of
from support.server_side_apply import applied

Act = Callable[[], object]
Watcher = Callable[[str, Object], None]
_OPTIONAL_KINDS = {kind.name for kind in OPTIONAL}
_OWNER_KINDS = {kind.name for kind in OWNERS}
_WATCHED_KINDS = {kind.name for kind in (*WATCHED, *OPTIONAL)}


class Call(NamedTuple):
    verb: str
    kind: str
    name: str


class FakeKube:
    """KubeClient and KindWatcher over a dict. `served`: names of the optional kinds that there are.

    `logs`: lines by pod. `documents`: OpenAPI documents by image, of those that have one.

    Watchers see changes when they are told to by `flush` or, if `is_hasty`, before the writer has its answer: both
    happen in a cluster.
    """

    def __init__(self) -> None:
        self.is_hasty = False
        self.served: set[str] = set()
        self.logs: dict[str, list[bytes]] = {}
        self.documents: dict[str, Object] = {}
        self.streams: dict[str, asyncio.Queue[WatchEvent | None]] = {}
        self._events: list[tuple[str, Object]] = []
        self.writes: list[Call] = []
        self.reads: list[Call] = []
        self.watchers: list[Watcher] = []
        self._objects: dict[ObjectKey, Object] = {}
        self._applied: dict[ObjectKey, Object] = {}
        self._kept_replicas: dict[ObjectKey, int] = {}
        self._failures: defaultdict[tuple[str, str], list[ReconcileError]] = defaultdict(list)
        self._lost_answers: set[tuple[str, str]] = set()
        self._meanwhile: dict[tuple[str, str], Act] = {}
        self._versions = count(100)
        self._uids = count(1)

    # The protocol.

    async def get(self, key: ObjectKey) -> Object | None:
        self.reads.append(Call("get", key.kind, key.name))
        self._fail("get", key.kind)
        return copied(self._objects.get(key))

    async def list_objects(self, kind: Kind, namespace: str | None, label_selector: str | None) -> list[Object]:
        self.reads.append(Call("list", kind.name, namespace or ""))
        self._fail("list", kind.name)
        self._require_served(kind.name)
        return [
            copied(obj)
            for key, obj in self._objects.items()
            if key.kind == kind.name and namespace in {None, key.namespace} and _is_selected(obj, label_selector)
        ]

    async def list_metadata(self, kind: Kind, namespace: str, name: str | None) -> list[Object]:
        self.reads.append(Call("list_metadata", kind.name, name or ""))
        self._fail("list_metadata", kind.name)
        return [
            {"apiVersion": obj["apiVersion"], "kind": kind.name, "metadata": copied(obj["metadata"])}
            for key, obj in self._objects.items()
            if key[:2] == (kind.name, namespace) and name in {None, key.name}
        ]

    async def read_log(self, pod: ObjectKey, container: str, *, lines: int, limit: int) -> list[bytes]:
        """Of the one container that a pod here has."""
        self.reads.append(Call("read_log", pod.kind, pod.name))
        self._fail("read_log", pod.kind)
        if pod.name not in self.logs:
            raise NoLogError(f"{container} of {pod.name} has no log")
        assert limit > 0
        return self.logs[pod.name][-lines:]

    async def apply(self, manifest: Object) -> Object:
        key = key_of(manifest)
        self._record("apply", key)
        self._require_served(key.kind)
        known = self._objects.get(key, {"metadata": {}})
        merged = applied(copied(known), self._applied.get(key, {}), copied(manifest))
        if key in self._kept_replicas:
            merged["spec"].setdefault("replicas", self._kept_replicas[key])
        merged["metadata"]["managedFields"] = [entry_of(FIELD_MANAGER, manifest)]
        stored = self._store(self._admitted(merged))
        self._applied[key] = copied(manifest)
        if key.kind == DEPLOYMENT.name:
            self._keep_replica_set(stored)
        self._lose_answer("apply", key.kind)
        return stored

    def _keep_replica_set(self, deployment: Object) -> None:
        """What the Deployment controller does: a ReplicaSet a pod template, with the annotations of the Deployment."""
        template, metadata = deployment["spec"]["template"], deployment["metadata"]
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": metadata["name"], "uid": metadata["uid"]}
        revision = template["metadata"]["annotations"][ANNOTATION_REVISION]
        replica_set = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{metadata['name']}-{revision}",
                "namespace": metadata["namespace"],
                "labels": template["metadata"]["labels"],
                "annotations": metadata["annotations"],
                "ownerReferences": [reference],
            },
            "spec": {"template": template},
        }
        self._store(copied(replica_set))

    async def keep_replicas(self, obj: Object) -> Object:
        key = key_of(obj)
        self._record("keep_replicas", key)
        self._kept_replicas[key] = obj["spec"]["replicas"]
        return self.object(key)

    async def correct(self, obj: Object, operations: list[dict[str, Any]]) -> Object:
        key = key_of(obj)
        self._record("correct", key)
        known = self._objects.get(key)
        if known is None or known["metadata"]["resourceVersion"] != obj["metadata"]["resourceVersion"]:
            raise ApiConflictError(f"{key} has changed")
        return self._store(self._admitted(_patched(copied(known), operations)))

    def _admitted(self, obj: Object) -> Object:
        kept = as_kept(obj)
        if refused := refusal(self._objects.get(key_of(obj)), kept):
            raise ApiRefusedError(f"{key_of(obj)}: {refused}")
        return kept

    async def patch_status(self, key: ObjectKey, status: Mapping[str, Any]) -> Object | None:
        self._record("patch_status", key)
        if key not in self._objects:
            return None
        obj = copied(self._objects[key])
        merged = {**(obj.get("status") or {}), **copied(dict(status))}
        obj["status"] = {field: value for field, value in merged.items() if value is not None}
        return self._store(obj)

    async def set_finalizers(self, obj: Object, finalizers: list[str]) -> Object | None:
        key = key_of(obj)
        self._record("set_finalizers", key)
        known = copied(self._objects.get(key))
        if known is None:
            return None
        if known["metadata"]["resourceVersion"] != obj["metadata"]["resourceVersion"]:
            raise ApiConflictError(f"{key} has changed")
        known["metadata"]["finalizers"] = finalizers
        stored = self._store(known)
        if not finalizers and known["metadata"].get("deletionTimestamp"):
            self._drop(key)
        return stored

    async def delete(self, obj: Object) -> None:
        key = key_of(obj)
        self._record("delete", key)
        known = self._objects.get(key)
        if known is not None and known["metadata"]["uid"] != obj["metadata"]["uid"]:
            raise ApiConflictError(f"{key} is another object of that name")
        self.remove(key)

    async def serves(self, kind: Kind) -> bool:
        self._fail("serves", kind.name)
        return kind.name in self.served

    @asynccontextmanager
    async def watch(
        self, kind: Kind, namespace: str | None, label_selector: str | None
    ) -> AsyncIterator[AsyncIterator[WatchEvent]]:
        """A stream of what is put into `streams`, until None."""
        self.reads.append(Call("watch", kind.name, namespace or ""))
        self._fail("watch", kind.name)
        queue = self.streams[kind.name] = asyncio.Queue()
        yield (event async for event in _until_none(queue) if _is_selected(event[1], label_selector))

    # What people and controllers do.

    def create(self, obj: Object) -> Object:
        """A new object, or a new spec for one that is there."""
        created = copied(obj)
        known = self._objects.get(key_of(obj))
        if known is not None:
            created = {**copied(known), "spec": created.get("spec", {})}
        else:
            created["metadata"] = {**created["metadata"], "generation": 0}
            created["metadata"].pop("uid", None)
        created["metadata"]["managedFields"] = [entry_of("kubectl", {"spec": created.get("spec", {})})]
        return self._store(created)

    def edit(self, key: ObjectKey, change: Callable[[Object], object]) -> None:
        """A change by hand or by a controller, without a care for field managers."""
        obj = copied(self._objects[key])
        change(obj)
        self._store(obj)

    def replace(self, obj: Object) -> None:
        """The same by somebody who writes the whole object."""
        self._store(self._admitted(obj))

    def remove(self, key: ObjectKey, *, at: str = "2026-01-01T00:00:00Z") -> None:
        """Delete with all that it owns; an object with finalizers is only marked."""
        known = self._objects.get(key)
        if known is None:
            return
        if known["metadata"].get("finalizers"):
            self.edit(key, lambda obj: obj["metadata"].update(deletionTimestamp=at))
            return
        self._drop(key)

    def collect_garbage(self) -> None:
        """Remove what was made for owners that were gone by then."""
        uids = {obj["metadata"]["uid"] for obj in self._objects.values()}
        for obj in list(self._objects.values()):
            owners = _owner_uids(obj)
            if owners and not owners & uids:
                self.remove(key_of(obj))

    def object(self, key: ObjectKey) -> Object:
        return copied(self._objects[key])

    def manifests(self) -> list[Object]:
        """What was applied last of each object that is there."""
        return copied(list(self._applied.values()))

    def has(self, key: ObjectKey) -> bool:
        return key in self._objects

    def keys(self, kind: str | None = None) -> list[ObjectKey]:
        return [key for key in self._objects if kind in {None, key.kind}]

    # Failures.

    def fail(self, verb: str, kind: str, *errors: ReconcileError) -> None:
        """Let the next calls of that verb on that kind fail, before they have an effect."""
        self._failures[verb, kind] += errors

    def lose_answer(self, verb: str, kind: str) -> None:
        """Let the next call of that verb on that kind have its effect and fail all the same."""
        self._lost_answers.add((verb, kind))

    def meanwhile(self, verb: str, kind: str, act: Act) -> None:
        """Let somebody act just before the next call of that verb on that kind has its effect."""
        self._meanwhile[verb, kind] = act

    def _record(self, verb: str, key: ObjectKey) -> None:
        self.writes.append(Call(verb, key.kind, key.name))
        if act := self._meanwhile.pop((verb, key.kind), None):
            act()
        self._fail(verb, key.kind)

    def _fail(self, verb: str, kind: str) -> None:
        failures = self._failures[verb, kind]
        if failures:
            raise failures.pop(0)

    def _require_served(self, kind: str) -> None:
        if kind in _OPTIONAL_KINDS - self.served:
            raise ApiUnavailableError(f"{kind} is not served")

    def _lose_answer(self, verb: str, kind: str) -> None:
        if (verb, kind) in self._lost_answers:
            self._lost_answers.remove((verb, kind))
            raise ApiConflictError(f"{verb} {kind}: the answer was lost")

    # Storage.

    def _store(self, obj: Object) -> Object:
        key = key_of(obj)
        known = self._objects.get(key)
        if known == obj:
            return copied(known)
        metadata = obj["metadata"]
        metadata.setdefault("uid", f"uid-{next(self._uids)}")
        metadata["resourceVersion"] = str(next(self._versions))
        metadata.setdefault("managedFields", [{"manager": "someone"}])
        same_spec = known is not None and known.get("spec") == obj.get("spec")
        metadata["generation"] = metadata.get("generation", 0) + (0 if same_spec else 1)
        self._objects[key] = obj
        self._tell(known, obj)
        return copied(obj)

    def _drop(self, key: ObjectKey) -> None:
        gone = self._objects.pop(key)
        self._applied.pop(key, None)
        gone["metadata"]["resourceVersion"] = str(next(self._versions))
        self._tell(gone, None)
        uid = gone["metadata"]["uid"]
        for child in [obj for obj in self._objects.values() if uid in _owner_uids(obj)]:
            self.remove(key_of(child))

    def _tell(self, before: Object | None, after: Object | None) -> None:
        was, is_now = _is_watched(before), _is_watched(after)
        last = after or before
        if last is None or not (was or is_now):
            return
        event = "MODIFIED" if was and is_now else "ADDED" if is_now else "DELETED"
        self._events.append((event, copied(last)))
        if self.is_hasty:
            self.flush()

    def flush(self) -> None:
        """Show the watchers what has happened since."""
        events, self._events = self._events, []
        for event, obj in events:
            for watcher in self.watchers:
                watcher(event, copied(obj))


async def _until_none(queue: asyncio.Queue[WatchEvent | None]) -> AsyncIterator[WatchEvent]:
    while (event := await queue.get()) is not None:
        yield event


def _is_watched(obj: Object | None) -> bool:
    if obj is None or obj["kind"] not in _WATCHED_KINDS:
        return False
    return obj["kind"] in _OWNER_KINDS or _is_selected(obj, f"{LABEL_MANAGED_BY}={MANAGED_BY}")


def _is_selected(obj: Object, label_selector: str | None) -> bool:
    if label_selector is None:
        return True
    labels = obj["metadata"].get("labels") or {}
    wanted = (requirement.partition("=") for requirement in label_selector.split(","))
    return all(labels.get(name) == value for name, _, value in wanted)


def _owner_uids(obj: Object) -> set[str]:
    return {reference["uid"] for reference in obj["metadata"].get("ownerReferences", ())}


def _patched(obj: Object, operations: list[dict[str, Any]]) -> Object:
    for operation in operations:
        *parents, last = (part.replace("~1", "/").replace("~0", "~") for part in operation["path"][1:].split("/"))
        place: Any = obj
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        at = int(last) if isinstance(place, list) else last
        if operation["op"] == "remove":
            del place[at]
        else:
            place[at] = copied(operation["value"])
    return obj
