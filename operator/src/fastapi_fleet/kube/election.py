"""Leader election by a Lease, in the way of client-go's leaderelection package: one writer at a time.

A replica measures with its own clock how long the Lease has not changed; the times written in it are for people.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from prometheus_client import Gauge

from fastapi_fleet.api.times import Now, rfc3339_micro
from fastapi_fleet.errors import ApiConflictError, ApiUnavailableError, LeadershipLostError, ReconcileError
from fastapi_fleet.kube.kinds import LEASE, Object, ObjectKey

LEADER = Gauge("fastapi_fleet_leader", "1 while this process is the one that writes.")

log = structlog.get_logger(__name__)


def uptime() -> float:
    """Seconds of a clock that goes on while the process, or the whole machine, is stopped."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True)
class Timing:
    """Seconds. A dead leader is replaced within `lease + 2 * retry`; one that cannot renew ends at `renew_deadline`."""

    lease: int = 12
    renew_deadline: float = 8.0
    retry: float = 1.5


class LeaseClient(Protocol):
    """Raises ApiUnavailableError where the API does not answer, ApiConflictError where somebody was first."""

    async def get(self, key: ObjectKey) -> Object | None: ...

    async def create(self, obj: Object) -> Object: ...

    async def replace(self, obj: Object) -> Object: ...


class Election:
    """One replica's part in the election. `identity` is unique to the process, `clock` is `uptime` or a test's own."""

    def __init__(
        self,
        leases: LeaseClient,
        *,
        lease: ObjectKey,
        identity: str,
        now: Now,
        clock: Callable[[], float] = uptime,
        timing: Timing = Timing(),
    ) -> None:
        self.elected = asyncio.Event()
        self._leases = leases
        self._key = lease
        self._identity = identity
        self._now = now
        self._clock = clock
        self._timing = timing
        self._held: Object | None = None
        self._renewed_at = float("-inf")
        self._seen: tuple[str, float] = ("", 0.0)

    async def run(self) -> None:
        """Campaign, then renew until cancelled. Raises LeadershipLostError when renewing failed for too long."""
        while True:
            held = await self._attempt()
            if held and not self.elected.is_set():
                LEADER.set(1)
                self.elected.set()
                log.info("Leads", identity=self._identity)
            if not held and self.elected.is_set():
                self._give_up_in_time()
            await asyncio.sleep(self._timing.retry)

    def require(self) -> None:
        """Raises LeadershipLostError where another replica may hold the Lease, as after this process was stopped."""
        if self._held is None or self._clock() - self._renewed_at >= self._timing.lease:
            raise LeadershipLostError("another replica may lead by now")

    async def release(self) -> None:
        """Give the Lease back, so that a successor need not wait. Only after the last write."""
        held, self._held = self._held, None
        LEADER.set(0)
        if held is None:
            return
        try:
            await self._leases.replace(self._lease(held, holder="", seconds=1))
        except ReconcileError as error:
            log.warning("Lease was not given back: it runs out by itself", error=error.message)

    def _give_up_in_time(self) -> None:
        """End well before anybody else can lead: what is under way has until then to come back."""
        self.require()
        if self._clock() - self._renewed_at > self._timing.renew_deadline:
            raise LeadershipLostError(f"the Lease was not renewed for {self._timing.renew_deadline:g} s")

    async def _attempt(self) -> bool:
        """One try to get or keep the Lease. False where another replica has it or the API does not answer."""
        started = self._clock()
        try:
            async with asyncio.timeout(self._timing.renew_deadline):
                held = await self._take(await self._leases.get(self._key))
        except ApiConflictError:
            return False
        except (ApiUnavailableError, TimeoutError) as error:
            log.warning("Lease could not be asked for", error=str(error) or type(error).__name__)
            return False
        if held is None:
            self._held = None
            return False
        # Measured from before the request: nobody else can have seen this renewal earlier.
        self._held, self._renewed_at = held, started
        return True

    async def _take(self, live: Object | None) -> Object | None:
        if live is None:
            return await self._leases.create(self._lease(None, holder=self._identity, seconds=self._timing.lease))
        if not self._may_take(live):
            return None
        return await self._leases.replace(self._lease(live, holder=self._identity, seconds=self._timing.lease))

    def _may_take(self, live: Object) -> bool:
        version, spec = live["metadata"]["resourceVersion"], live.get("spec") or {}
        if version != self._seen[0]:
            self._seen = (version, self._clock())
        if spec.get("holderIdentity") in {None, "", self._identity}:
            return True
        return self._clock() - self._seen[1] >= (spec.get("leaseDurationSeconds") or self._timing.lease)

    def _lease(self, live: Object | None, *, holder: str, seconds: int) -> Object:
        known: dict[str, Any] = (live or {}).get("spec") or {}
        now = rfc3339_micro(self._now())
        changes_hands = holder != "" and known.get("holderIdentity") != holder
        return {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.name,
            "metadata": live["metadata"] if live else {"namespace": self._key.namespace, "name": self._key.name},
            "spec": {
                "holderIdentity": holder,
                "leaseDurationSeconds": seconds,
                "acquireTime": now if changes_hands else known.get("acquireTime", now),
                "renewTime": now,
                "leaseTransitions": known.get("leaseTransitions", 0) + int(changes_hands and live is not None),
            },
        }
