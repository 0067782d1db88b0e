"""Puts the parts together and runs them until the process is told to stop or one of them ends."""

import asyncio
import random
import socket
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import structlog
from prometheus_client import Gauge

from fastapi_fleet.backends.pod_metrics import PodMetrics
from fastapi_fleet.backends.postgres import PostgresBackend
from fastapi_fleet.backends.rabbitmq import RabbitmqBackend
from fastapi_fleet.config import OperatorSettings
from fastapi_fleet.handlers.endpoints import serve_endpoints
from fastapi_fleet.handlers.watches import watch
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.election import Election
from fastapi_fleet.kube.heartbeat import UNHEARD, Heartbeat
from fastapi_fleet.kube.http_client import HttpKubeClient
from fastapi_fleet.kube.kinds import FASTAPI_SERVICE, FLEET_PLATFORM, LEASE, Object, ObjectKey
from fastapi_fleet.reconcile.allowed_hosts import AllowedHosts
from fastapi_fleet.reconcile.backing_services import BackingServices
from fastapi_fleet.reconcile.credentials import generate_secret
from fastapi_fleet.reconcile.dependents import Dependents
from fastapi_fleet.reconcile.events import Events
from fastapi_fleet.reconcile.external_servers import ExternalServers
from fastapi_fleet.reconcile.intake import Intake
from fastapi_fleet.reconcile.optional_kinds import OptionalKinds
from fastapi_fleet.reconcile.platform_pass import PlatformPass, PlatformPassDependencies
from fastapi_fleet.reconcile.queue import WorkQueue
from fastapi_fleet.reconcile.references import References
from fastapi_fleet.reconcile.relists import Relists
from fastapi_fleet.reconcile.resource_readiness import RESOURCE_READINESS
from fastapi_fleet.reconcile.resync import Resync
from fastapi_fleet.reconcile.servers import Servers
from fastapi_fleet.reconcile.service_pass import ServicePass, ServicePassDependencies
from fastapi_fleet.reconcile.workers import Pass, Workers

QUEUE_DEPTH = Gauge("fastapi_fleet_queue_depth", "Keys that wait for a pass.")
QUEUE_AGE = Gauge("fastapi_fleet_queue_oldest_seconds", "Seconds that the longest waiting key has waited.")

DRAIN_SECONDS = 10.0
"""How long passes that are under way may take to end when the process is told to stop."""

log = structlog.get_logger(__name__)


def now() -> datetime:
    return datetime.now(UTC)


class Runtime:
    """One operator process: every replica watches, the one that leads works."""

    def __init__(self, settings: OperatorSettings, kube: HttpKubeClient) -> None:
        loop = asyncio.get_running_loop()
        self._settings = settings
        self._election = Election(
            kube,
            lease=ObjectKey(LEASE.name, settings.lease_namespace, settings.lease_name),
            identity=f"{socket.gethostname()}_{uuid4()}",
            now=now,
        )
        self._kube = kube.behind(self._election.require)
        self._heartbeat = Heartbeat(
            self._kube,
            namespace=settings.heartbeat_namespace,
            name=f"{settings.lease_name}-heartbeat",
            leads=self._election.elected.is_set,
            now=now,
            clock=loop.time,
        )
        self._rabbitmq = RabbitmqBackend()
        self._pod_metrics = PodMetrics()
        self._cache = ObjectCache()
        self._dependents = Dependents()
        self._relists = Relists(clock=loop.time)
        self._queue = WorkQueue(call_later=loop.call_later, random=random.random, clock=loop.time)
        self._intake = Intake(cache=self._cache, queue=self._queue, dependents=self._dependents, relists=self._relists)
        self._resync = Resync(
            kube=self._kube,
            cache=self._cache,
            intake=self._intake,
            relists=self._relists,
            namespaces=settings.watch_namespaces,
            period=settings.resync_seconds,
            random=random.random,
        )
        self._optional = OptionalKinds(
            watcher=self._kube,
            cache=self._cache,
            intake=self._intake,
            resync=self._resync,
            namespaces=settings.watch_namespaces,
        )
        self._references = References(kube=self._kube, dependents=self._dependents, intake=self._intake)
        self._events = Events(self._kube, now=now, instance=socket.gethostname())
        self._synced = False
        QUEUE_DEPTH.set_function(lambda: self._queue.depth)
        QUEUE_AGE.set_function(lambda: self._queue.oldest_age)
        UNHEARD.set_function(lambda: self._heartbeat.unheard_for)
        RESOURCE_READINESS.show(self._cache)

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set. Raises when a part ends by itself: a deaf operator must not look alive."""
        async with serve_endpoints(self._settings.port, self._queue, self._heartbeat, lambda: self._synced):
            try:
                await self._prime(stop)
                await self._work_until(stop)
            finally:
                await self._rabbitmq.aclose()
                await self._pod_metrics.aclose()
                await self._kube.aclose()

    async def _prime(self, stop: asyncio.Event) -> None:
        """Fill the cache, unless told to stop meanwhile. Raises ReconcileError when a kind cannot be listed."""
        priming = asyncio.create_task(self._fill_cache())
        await _first_of(priming, asyncio.create_task(stop.wait()))
        if not priming.cancelled():
            priming.result()
            self._synced = True
            log.info("Operator started", workers=self._settings.workers, waiting=self._queue.depth)

    async def _fill_cache(self) -> None:
        await self._optional.look()
        await self._resync.prime()

    async def _work_until(self, stop: asyncio.Event) -> None:
        beside = (self._election, self._resync, self._optional, self._references, self._heartbeat, self._events)
        parts = [asyncio.create_task(part.run()) for part in beside]
        workers = asyncio.create_task(self._lead())
        watches = asyncio.create_task(watch(self._saw, self._settings.watch_namespaces, stop))
        await _first_of(workers, *parts, asyncio.create_task(stop.wait()), outlived_by=watches)
        if workers.done():
            await self._election.release()
        stop.set()
        await asyncio.wait({watches}, timeout=DRAIN_SECONDS)
        watches.cancel()
        for part in (watches, workers, *parts):
            if part.done() and not part.cancelled():
                part.result()

    def _saw(self, event_type: str | None, obj: Object) -> None:
        self._heartbeat.saw(obj)
        self._intake.saw(event_type, obj)

    async def _lead(self) -> None:
        await self._election.elected.wait()
        await Workers(self._queue, self._passes()).run(self._settings.workers)

    def _passes(self) -> dict[str, Pass]:
        postgres = PostgresBackend()
        allowed = AllowedHosts(self._settings.external_hosts)
        servers = Servers(kube=self._kube, cache=self._cache, allowed=allowed)
        backing = BackingServices(
            cache=self._cache, servers=servers, postgres=postgres, rabbitmq=self._rabbitmq, clock=time.monotonic
        )
        external = ExternalServers(servers, postgres=postgres, rabbitmq=self._rabbitmq, clock=time.monotonic)
        announce = self._announce
        service = ServicePassDependencies(
            self._kube,
            self._cache,
            self._dependents,
            self._references,
            backing,
            self._pod_metrics,
            generate=generate_secret,
            now=now,
            announce=announce,
            warn=self._events.warn,
            wake=self._queue.add,
            operator_namespace=self._settings.lease_namespace,
            caller_namespaces=self._settings.caller_namespaces,
        )
        platform = PlatformPassDependencies(
            self._kube,
            self._cache,
            external,
            generate=generate_secret,
            now=now,
            announce=announce,
            operator_namespace=self._settings.lease_namespace,
        )
        return {FASTAPI_SERVICE.name: ServicePass(service), FLEET_PLATFORM.name: PlatformPass(platform)}

    def _announce(self, before: Object, after: Object) -> None:
        self._intake.wrote_status(before, after)
        self._events.tell(before, after)


async def _first_of(*parts: asyncio.Task[Any], outlived_by: asyncio.Task[Any] | None = None) -> None:
    """Wait until one of the parts ends, then end the others. Writes are idempotent: the next process finishes them."""
    awaited = {*parts, outlived_by} if outlived_by is not None else {*parts}
    await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
    for part in parts:
        part.cancel()
    await asyncio.wait(parts, timeout=DRAIN_SECONDS)
