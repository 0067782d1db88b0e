"""The whole operator in memory: what the runtime puts together, on a fake cluster and a clock that stands still."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.kinds import (
    DEPLOYMENT,
    FASTAPI_SERVICE,
    FLEET_PLATFORM,
    JOB,
    STATEFUL_SET,
    Object,
    ObjectKey,
    key_of,
)
from fastapi_fleet.reconcile.allowed_hosts import AllowedHosts
from fastapi_fleet.reconcile.backing_services import BackingServices
from fastapi_fleet.reconcile.dependents import Dependents
from fastapi_fleet.reconcile.events import Events
from fastapi_fleet.reconcile.external_servers import ExternalServers
from fastapi_fleet.reconcile.intake import Intake
from fastapi_fleet.reconcile.optional_kinds import OptionalKinds
from fastapi_fleet.reconcile.platform_pass import PlatformPass, PlatformPassDependencies
from fastapi_fleet.reconcile.queue import WorkQueue
from fastapi_fleet.reconcile.references import References
from fastapi_fleet.reconcile.relists import Relists
from fastapi_fleet.reconcile.resync import Resync
from fastapi_fleet.reconcile.servers import Servers
from fastapi_fleet.reconcile.service_pass import ServicePass, ServicePassDependencies
from fastapi_fleet.reconcile.workers import Workers
from fastapi_fleet.status.jobs import is_at_work

from support.backends import FakePostgres, FakeRabbitmq
from support.events import FakeEventSink
from support.kubernetes import Call, FakeKube
from support.pod_metrics import FakePodMetrics
from support.preflights import accept
from support.time import ManualTime

MANY_PASSES = 100
START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class ConditionView:
    """A condition in short."""

    status: str
    reason: str
    message: str


class Fleet:
    """One operator process; `restarted` is the next one on the same cluster."""

    def __init__(
        self,
        kube: FakeKube | None = None,
        postgres: FakePostgres | None = None,
        rabbitmq: FakeRabbitmq | None = None,
        caller_namespaces: tuple[str, ...] = (),
    ) -> None:
        self.kube = kube or FakeKube()
        self.postgres = postgres or FakePostgres()
        self.rabbitmq = rabbitmq or FakeRabbitmq()
        self.time = ManualTime()
        self.cache = ObjectCache()
        self.dependents = Dependents()
        self.relists = Relists(clock=self.time.clock)
        self.queue = WorkQueue(call_later=self.time.call_later, random=lambda: 0.0, clock=self.time.clock)
        self.intake = Intake(cache=self.cache, queue=self.queue, dependents=self.dependents, relists=self.relists)
        self.resync = Resync(
            kube=self.kube,
            cache=self.cache,
            intake=self.intake,
            relists=self.relists,
            namespaces=(),
            period=600.0,
            random=lambda: 0.0,
        )
        self.optional_kinds = OptionalKinds(
            watcher=self.kube, cache=self.cache, intake=self.intake, resync=self.resync, namespaces=()
        )
        self.references = References(kube=self.kube, dependents=self.dependents, intake=self.intake)
        self.event_sink = FakeEventSink()
        self.events = Events(self.event_sink, now=self.now, instance="fastapi-fleet-0")
        self.pod_metrics = FakePodMetrics()
        self.secrets = _secrets()
        self.service_pass, self.platform_pass = self._passes(caller_namespaces)
        self.workers = Workers(
            self.queue, {FASTAPI_SERVICE.name: self.service_pass, FLEET_PLATFORM.name: self.platform_pass}
        )
        self.kube.watchers = [self.intake.saw]

    def restarted(self) -> "Fleet":
        return Fleet(self.kube, self.postgres, self.rabbitmq)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.time.now - ManualTime.now)

    async def settle(self) -> list[Call]:
        """Make passes until no key waits. Returns the writes that they made."""
        before = len(self.kube.writes)
        for _ in range(MANY_PASSES):
            self.kube.flush()
            if not self.queue.depth:
                return self.kube.writes[before:]
            key = await self.queue.get()
            await self.workers.work_on(key)
            self.queue.done(key)
        raise AssertionError(f"still at work after {MANY_PASSES} passes: {self.kube.writes[-10:]}")

    async def submit(self, *resources: Object) -> list[Call]:
        """Create or change custom resources, and settle."""
        for resource in resources:
            self.kube.create(resource)
        return await self.settle()

    async def pass_over(self, resource: Object) -> list[Call]:
        """One more pass over the resource and all that follows from it."""
        self.queue.add(key_of(resource))
        return await self.settle()

    async def roll_out(self) -> list[Call]:
        """Let every Job succeed and every Deployment and StatefulSet come up, and settle."""
        written = await self.let_jobs_succeed()
        for kind in (DEPLOYMENT, STATEFUL_SET):
            for key in self.kube.keys(kind.name):
                self.kube.edit(key, come_up)
        return [*written, *await self.settle()]

    async def let_jobs_succeed(self) -> list[Call]:
        """One Job may wait for another: migrations for the preflight."""
        written: list[Call] = []
        while at_work := [key for key in self.kube.keys(JOB.name) if is_at_work(self.kube.object(key))]:
            for key in at_work:
                accept(self.kube, key)
                self.kube.edit(key, succeed)
            written += await self.settle()
        return [*written, *await self.settle()]

    def conditions(self, resource: Object) -> dict[str, ConditionView]:
        status = self.kube.object(key_of(resource)).get("status") or {}
        return {
            item["type"]: ConditionView(item["status"], item["reason"], item["message"])
            for item in status.get("conditions", ())
        }

    def status(self, resource: Object) -> dict[str, Any]:
        status: dict[str, Any] = self.kube.object(key_of(resource)).get("status") or {}
        return status

    async def told(self) -> list[tuple[str, str, str]]:
        """Type, reason and note of every Event since it was asked last."""
        while self.events.depth:
            await self.events.send_next()
        told, self.event_sink.created = self.event_sink.created, []
        return [(event["type"], event["reason"], event["note"]) for event in told]

    def _announce(self, before: Object, after: Object) -> None:
        self.intake.wrote_status(before, after)
        self.events.tell(before, after)

    def _passes(self, caller_namespaces: tuple[str, ...]) -> tuple[ServicePass, PlatformPass]:
        servers = Servers(kube=self.kube, cache=self.cache, allowed=AllowedHosts(["*.example.com"]))
        backing = BackingServices(
            cache=self.cache, servers=servers, postgres=self.postgres, rabbitmq=self.rabbitmq, clock=self.time.clock
        )
        external = ExternalServers(servers, postgres=self.postgres, rabbitmq=self.rabbitmq, clock=self.time.clock)
        service = ServicePassDependencies(
            self.kube,
            self.cache,
            self.dependents,
            self.references,
            backing,
            self.pod_metrics,
            generate=lambda: next(self.secrets),
            now=self.now,
            announce=self._announce,
            warn=self.events.warn,
            wake=self.queue.add,
            operator_namespace="fastapi-fleet-system",
            caller_namespaces=caller_namespaces,
        )
        platform = PlatformPassDependencies(
            self.kube,
            self.cache,
            external,
            generate=lambda: next(self.secrets),
            now=self.now,
            announce=self._announce,
            operator_namespace="fastapi-fleet-system",
        )
        return ServicePass(service), PlatformPass(platform)


def child(kind: str, name: str) -> ObjectKey:
    return ObjectKey(kind, "team", name)


def _secrets() -> Iterator[str]:
    return (f"canary-{number}" for number in count(1))


def succeed(job: Object) -> None:
    job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}


def come_up(workload: Object) -> None:
    """What a controller says of a workload whose pods all run."""
    replicas = workload["spec"]["replicas"]
    workload["status"] = {
        "observedGeneration": workload["metadata"]["generation"],
        "replicas": replicas,
        "updatedReplicas": replicas,
        "availableReplicas": replicas,
        "readyReplicas": replicas,
        "currentRevision": "a",
        "updateRevision": "a",
    }
