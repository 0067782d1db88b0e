"""From what the watches see to work: record, and ask for the passes that it concerns. Nothing here waits."""

from prometheus_client import Counter, Gauge

from fastapi_fleet.kube.cache import ObjectCache, owner_of, slim
from fastapi_fleet.kube.kinds import BY_NAME, OWNERS, Object, ObjectKey, key_of
from fastapi_fleet.reconcile.dependents import Dependents
from fastapi_fleet.reconcile.queue import Lane, WorkQueue
from fastapi_fleet.reconcile.relists import Relists

EVENTS = Counter(
    "fastapi_fleet_watch_events_total", "Watch events, by kind and by whether they told anything new.", ["kind", "news"]
)

LAST_EVENT = Gauge(
    "fastapi_fleet_watch_last_event_timestamp_seconds", "Unix time of the newest event of each watch.", ["kind"]
)

_OWNER_KINDS = frozenset(kind.name for kind in OWNERS)


class Intake:
    """The one place where an event's content is looked at: passes read the cache, never an event."""

    def __init__(self, *, cache: ObjectCache, queue: WorkQueue, dependents: Dependents, relists: Relists) -> None:
        self._cache = cache
        self._queue = queue
        self._dependents = dependents
        self._relists = relists

    def saw(self, event_type: str | None, obj: Object) -> None:
        """One watch event. Type None is an item of a listing: at start, or after the watch had a gap."""
        if event_type is None:
            self._relists.saw_item(BY_NAME[obj["kind"]])
        news = self._news(event_type, obj)
        EVENTS.labels(obj["kind"], str(news is not None).lower()).inc()
        LAST_EVENT.labels(obj["kind"]).set_to_current_time()
        if news is not None:
            self.wake(news)

    def wrote_status(self, before: Object, after: Object) -> None:
        """The answer to a status write of the operator's own, which the cache has taken over, so no event tells of it.

        It may show for the first time what somebody else changed since `before` was read: that asks for a pass too.
        """
        if _beside_status(before) != _beside_status(after):
            self.wake(after)
        else:
            self.wake_dependents(key_of(after))

    def wake(self, obj: Object, lane: Lane = Lane.CHANGE) -> None:
        """Ask for every pass that the object concerns: its own, its owner's, those that read it."""
        key = key_of(obj)
        if key.kind in _OWNER_KINDS:
            deleting = obj["metadata"].get("deletionTimestamp") is not None
            self._queue.add(key, Lane.DELETION if deleting else lane)
        else:
            owner = owner_of(obj)
            if owner is not None and owner.kind in _OWNER_KINDS:
                self._queue.add(owner, lane)
        self.wake_dependents(key, lane)

    def wake_dependents(self, key: ObjectKey, lane: Lane = Lane.CHANGE) -> None:
        """Ask for the passes that read the object, and for no other."""
        for dependent in self._dependents.of(key):
            self._queue.add(dependent, lane)

    def _news(self, event_type: str | None, obj: Object) -> Object | None:
        """What is to be told of the event. Of an object that went: its state before, which knows whose it was."""
        if event_type == "DELETED":
            return self._cache.remove(obj)
        return obj if self._cache.put(obj) else None


def _beside_status(resource: Object) -> Object:
    """What a status write leaves as it is."""
    kept = {field: value for field, value in slim(resource).items() if field != "status"}
    metadata = {field: value for field, value in kept["metadata"].items() if field != "resourceVersion"}
    return kept | {"metadata": metadata}
