"""A heartbeat through the watch: shows whether what was written is also seen.

A watch can end without a word, and leave a process that answers every probe and hears nothing. So the leader writes one
small object of a watched kind now and then, and every replica compares what the API server has of it with what its own
watch has shown.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog
from prometheus_client import Counter, Gauge

from fastapi_fleet.api.times import Now, rfc3339
from fastapi_fleet.constants import LABEL_COMPONENT, LABEL_MANAGED_BY, MANAGED_BY
from fastapi_fleet.errors import ReconcileError
from fastapi_fleet.kube.kinds import CONFIG_MAP, Object, ObjectKey, key_of

UNHEARD = Gauge(
    "fastapi_fleet_heartbeat_unheard_seconds",
    "Seconds for which the watch has not shown a heartbeat that the API server has.",
)

BEATS = Counter("fastapi_fleet_heartbeats_total", "Heartbeats that this process wrote while it led.")

BEAT_SECONDS = 15.0
DEAF_SECONDS = 45.0
"""Three beats: a watch that is opened anew after an error shows one of them by then."""

log = structlog.get_logger(__name__)


class HeartbeatClient(Protocol):
    """Raises ReconcileError where the API does not answer or refuses."""

    async def get(self, key: ObjectKey) -> Object | None: ...

    async def apply(self, manifest: Object) -> Object: ...


class Heartbeat:
    """One replica's side of it: `leads` tells whether this replica is the one that writes."""

    def __init__(
        self,
        kube: HeartbeatClient,
        *,
        namespace: str,
        name: str,
        leads: Callable[[], bool],
        now: Now,
        clock: Callable[[], float],
    ) -> None:
        self._kube = kube
        self._key = ObjectKey(CONFIG_MAP.name, namespace, name)
        self._leads = leads
        self._now = now
        self._clock = clock
        self._newest = 0
        self._heard = 0
        self._unheard_since: float | None = None

    async def run(self) -> None:
        """Beat, or look for the leader's beat, until cancelled."""
        while True:
            await self.beat()
            await asyncio.sleep(BEAT_SECONDS)

    async def beat(self) -> None:
        """One beat. While the API server does not answer, the watch cannot be blamed: the time counts from anew."""
        try:
            live = await self._write() if self._leads() else await self._kube.get(self._key)
        except ReconcileError as error:
            log.warning("No heartbeat", error=error.message)
            self._unheard_since = None
            return
        if live is not None:
            self._newest = max(self._newest, _version(live))
        if self._is_behind() and self._unheard_since is None:
            self._unheard_since = self._clock()

    async def _write(self) -> Object:
        written = await self._kube.apply(self._manifest())
        BEATS.inc()
        return written

    def saw(self, obj: Object) -> None:
        """Any object that the watch has shown."""
        if obj["kind"] != CONFIG_MAP.name or key_of(obj) != self._key:
            return
        self._heard = max(self._heard, _version(obj))
        self._unheard_since = self._clock() if self._is_behind() else None

    @property
    def unheard_for(self) -> float:
        """Seconds for which the API server has had a heartbeat that the watch does not show."""
        return 0.0 if self._unheard_since is None else self._clock() - self._unheard_since

    def _is_behind(self) -> bool:
        return self._heard < self._newest

    def _manifest(self) -> Object:
        labels = {LABEL_MANAGED_BY: MANAGED_BY, LABEL_COMPONENT: "heartbeat"}
        return {
            "apiVersion": CONFIG_MAP.api_version,
            "kind": CONFIG_MAP.name,
            "metadata": {"namespace": self._key.namespace, "name": self._key.name, "labels": labels},
            "data": {"at": rfc3339(self._now())},
        }


def _version(obj: Object) -> int:
    return int(obj["metadata"]["resourceVersion"])
