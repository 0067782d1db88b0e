"""What a pass found: all that status is computed from. Pods, which may quote secrets as they end, show in no repr."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from fastapi_fleet.api.canary_status import CanaryStatus
from fastapi_fleet.api.capacity import ServerCapacity
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.endpoints import BrokerEndpoint, PostgresEndpoint
from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.api.resource_status import Rollback
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.backends.login_session import LoginSession
from fastapi_fleet.constants import BackingPart
from fastapi_fleet.errors import ReconcileError
from fastapi_fleet.resources.signing_key_record import Stage

LiveObject = Mapping[str, Any]


@dataclass(frozen=True)
class BackendState:
    """How far a backing service of one FastAPIService is. `message` holds no secret.

    `capacity`: of the database server, as it was when it was last asked.
    """

    ready: bool
    reason: Reason
    message: str
    capacity: ServerCapacity | None = None

    @classmethod
    def failed_by(cls, error: ReconcileError) -> Self:
        return cls(ready=False, reason=Reason(error.reason), message=error.message)


@dataclass(frozen=True)
class ExternalServer:
    """A platform's server that others run, as a pass found it.

    `endpoint` and `certificate_authority` are None where the administrator's Secret does not say them, or where it
    cannot be used: `state` tells why.
    """

    state: BackendState
    endpoint: PostgresEndpoint | BrokerEndpoint | None = None
    certificate_authority: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class WorkerFacts:
    """The worker's Deployment, as ServiceFacts tells of the service's own. `replicas`: how many are wanted."""

    revision: str | None
    replicas: int
    deployment: LiveObject | None = None
    pods: tuple[LiveObject, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class PreflightFacts:
    """`job`: asks what is to run; None where nobody has to. `pods` are those of every such Job.

    `unchanged`: what is to run does so already, and is held up by nothing that is asked of it.
    """

    job: LiveObject | None
    pods: tuple[LiveObject, ...] = field(default=(), repr=False)
    unchanged: bool = False


@dataclass(frozen=True)
class ContractFacts:
    """What the OpenAPI document of the wanted image means for callers of the revision `against`.

    `why`: there is no document, or nothing is known of it. `breaking`: what callers miss. `callers`: services that say
    that they call this one. `approved`: by a person, for this revision. `known`: it is the one that was ready last.
    """

    outcome: Literal["compared", "first", "absent", "unknown"]
    why: str = ""
    against: str = ""
    breaking: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    approved: bool = False
    known: bool = False


@dataclass(frozen=True)
class RotationFacts:
    """A login of a service that changes, or is to change. Times are RFC 3339 in UTC.

    `login` is in use `since` then, until `due_at` by the spec; `is_due`: by that or because somebody asked, and
    `waits_until` says for what. `left`: the login before, while it is open; `older_pods` may log in by it, `sessions`
    are those that do, which end at `sessions_end`. `obstacle`: why the last step could not be done.
    `again_after`: seconds until it is to be looked at again.
    """

    part: BackingPart
    login: str
    since: str | None
    due_at: str | None = None
    is_due: bool = False
    waits_until: str | None = None
    left: str | None = None
    older_pods: bool = False
    sessions: tuple[LoginSession, ...] = ()
    sessions_end: str | None = None
    obstacle: BackendState | None = None
    again_after: float | None = None


@dataclass(frozen=True)
class CanaryFacts:
    """What a pass has decided of the canary. `due_in`: seconds until time alone brings it on.

    `obstacle`: why its pods do not come up. `unmeasured`: why their metrics do not tell how they answer.
    """

    state: CanaryStatus | None = None
    due_in: float | None = None
    obstacle: str | None = None
    unmeasured: str | None = None


@dataclass(frozen=True)
class SigningKeyFacts:
    """A signing key of a service that changes, or is to change. Times are RFC 3339 in UTC.

    `env`: its variable. It signs `since` then, until `due_at` by the spec; `is_due`: by that or because somebody asked,
    and `waits_until` says for what. `rolled_out`: whether no pod is left that has not read the `stage`, which then
    lasts `until`. `again_after`: seconds until it is to be looked at again.
    """

    env: str
    stage: Stage
    rolled_out: bool
    since: str | None
    until: str | None = None
    due_at: str | None = None
    is_due: bool = False
    waits_until: str | None = None
    again_after: float | None = None


@dataclass(frozen=True)
class ServiceFacts:
    """`spec` is None when it is invalid. `problem`: why the pass ended early. `revision`: of the wanted pod template.

    `rotations` and `signing_keys` are None where the pass did not get as far as that.
    `sharing_server`: most connections of each other service of the platform to the same database server, None of one
    whose spec does not tell.
    `preflight` and `contract` are None where nothing is to be checked, or not yet.
    `migration`: the Job of the wanted image, `migration_pods` those of every such Job.
    `canary` is None where nothing was decided of one: what is known of it stays.
    `served`: names of the kinds that a cluster may lack and this one has. `caller_namespaces`: whose pods may reach
    every service.
    `waiting_for`: services in spec.services that are there and not Ready, which the rollout does not wait for.
    `from_platform`: fields in which the platform's defaults complete the spec.
    `migrated`: names of the migrations' Jobs that have succeeded. `rollback`: as which earlier revision `spec` runs,
    because the one asked for did not get ready. `restorable`: hashes of the earlier specs that can be run again; None
    where nobody asked.
    `diverges_while_paused`: what runs is not what the spec says, and is left so. `secret_values`: what must never show
    in a message.
    """

    namespace: str
    name: str
    generation: int
    spec: FastAPIServiceSpec | None = None
    problem: ReconcileError | None = None
    from_platform: tuple[str, ...] = ()
    revision: str | None = None
    database: BackendState | None = None
    broker: BackendState | None = None
    rotations: tuple[RotationFacts, ...] | None = None
    signing_keys: tuple[SigningKeyFacts, ...] | None = None
    sharing_server: tuple[int | None, ...] = ()
    preflight: PreflightFacts | None = None
    contract: ContractFacts | None = None
    migration: LiveObject | None = None
    migration_pods: tuple[LiveObject, ...] = field(default=(), repr=False)
    migrated: frozenset[str] = frozenset()
    rollback: Rollback | None = None
    restorable: frozenset[str] | None = None
    canary: CanaryFacts | None = None
    route: LiveObject | None = None
    ingress: LiveObject | None = None
    monitor: LiveObject | None = None
    served: frozenset[str] = frozenset()
    caller_namespaces: tuple[str, ...] = ()
    waiting_for: tuple[str, ...] = ()
    diverges_while_paused: bool = False
    deployment: LiveObject | None = None
    pods: tuple[LiveObject, ...] = field(default=(), repr=False)
    worker: WorkerFacts | None = None
    secret_values: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class PlatformFacts:
    """`stateful_sets`, `clusters`, `pods` and `external` are by component: "postgres" and "rabbitmq".

    `clusters`: what the operators of PostgreSQL and RabbitMQ run for the platform.
    """

    namespace: str
    name: str
    generation: int
    spec: FleetPlatformSpec | None = None
    problem: ReconcileError | None = None
    stateful_sets: Mapping[str, LiveObject] = field(default_factory=dict)
    clusters: Mapping[str, LiveObject] = field(default_factory=dict)
    pods: Mapping[str, tuple[LiveObject, ...]] = field(default_factory=dict, repr=False)
    external: Mapping[str, ExternalServer] = field(default_factory=dict)
    diverges_while_paused: bool = False
    secret_values: tuple[str, ...] = field(default=(), repr=False)
