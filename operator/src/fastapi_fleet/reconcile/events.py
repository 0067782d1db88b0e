"""Kubernetes Events: what `kubectl describe` and `kubectl events` tell of a resource, beside its status."""

import asyncio
from dataclasses import dataclass
from typing import Literal, Protocol

import structlog
from prometheus_client import Counter

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.times import Now, rfc3339_micro
from fastapi_fleet.constants import FIELD_MANAGER, GROUP
from fastapi_fleet.errors import ApiConflictError, ReconcileError
from fastapi_fleet.kube.kinds import EVENT, Object
from fastapi_fleet.resources.manifest import content_hash
from fastapi_fleet.status.flips import flip_between, rotation_flip

DROPPED = Counter("fastapi_fleet_events_dropped_total", "Events that were not written, by why.", ["why"])

MOST_WAITING = 1000
SECONDS_BETWEEN = 0.1
NOTE_BYTES = 1024

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Told:
    type: Literal["Normal", "Warning"]
    reason: str
    note: str


class EventSink(Protocol):
    async def create(self, obj: Object) -> Object:
        """Raises ReconcileError."""
        ...


class Events:
    """Writes one Event for each flip, at a bounded rate and in no pass's way: what cannot be written is counted.

    `instance`: the name of this process.
    """

    def __init__(self, sink: EventSink, *, now: Now, instance: str, most_waiting: int = MOST_WAITING) -> None:
        self._sink = sink
        self._now = now
        self._instance = instance
        self._waiting: asyncio.Queue[Object] = asyncio.Queue(most_waiting)

    @property
    def depth(self) -> int:
        return self._waiting.qsize()

    def tell(self, before: Object, after: Object) -> None:
        """Of a status that was written: nothing where no condition flipped."""
        for flip in (flip_between(before, after), rotation_flip(before, after)):
            if flip is None:
                continue
            identity = content_hash([after["metadata"]["uid"], flip.condition, flip.type, flip.since])
            self._put(self._event(after, identity, _Told(flip.type, flip.reason, flip.message)))

    def warn(self, resource: Object, reason: Reason, note: str) -> None:
        """Of what no status can say, for the resource is about to go."""
        identity = content_hash([resource["metadata"]["uid"], reason, note])
        self._put(self._event(resource, identity, _Told("Warning", reason, note)))

    def _put(self, event: Object) -> None:
        if self._waiting.full():
            DROPPED.labels("queue full").inc()
        else:
            self._waiting.put_nowait(event)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self.send_next()
            await asyncio.sleep(SECONDS_BETWEEN)

    async def send_next(self) -> None:
        """Write the Event that has waited longest. Waits for one. An Event is never worth a second try."""
        event = await self._waiting.get()
        try:
            await self._sink.create(event)
        except ApiConflictError:
            pass  # the flip has been told already: its Event has a name of its own
        except ReconcileError as error:
            DROPPED.labels(error.reason).inc()
            log.warning("Event was not written", regarding=event["regarding"]["name"], error=error.message)

    def _event(self, resource: Object, identity: str, told: _Told) -> Object:
        metadata = resource["metadata"]
        return {
            "apiVersion": EVENT.api_version,
            "kind": EVENT.name,
            "metadata": {"name": f"{metadata['name']}.{identity}", "namespace": metadata["namespace"]},
            "eventTime": rfc3339_micro(self._now()),
            "reportingController": f"{GROUP}/{FIELD_MANAGER}",
            "reportingInstance": self._instance[:128],
            "action": "Reconcile",
            "type": told.type,
            "reason": told.reason,
            "note": told.note.encode()[:NOTE_BYTES].decode(errors="ignore"),
            "regarding": {
                "apiVersion": resource["apiVersion"],
                "kind": resource["kind"],
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
                "resourceVersion": metadata["resourceVersion"],
            },
        }
