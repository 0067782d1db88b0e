"""Why a service is ready or not: its conditions, pods, revisions and servers, put together."""

from collections.abc import Iterable
from dataclasses import dataclass

from fastapi_fleet.api.conditions import Condition, ConditionType, Reason
from fastapi_fleet.api.glossary import NOTHING_TO_DO, REASONS
from fastapi_fleet.api.resource_status import FastAPIServiceStatus, FleetPlatformStatus, RevisionRecord
from fastapi_fleet.constants import LABEL_COMPONENT
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.reconcile.parse import parse_status
from fastapi_fleet.resources.manifest import label_of
from fastapi_fleet.status.conditions import is_true
from fastapi_fleet.status.pods import first_cause
from fastapi_fleet.status.revisions import revision_of

GOING_ON = frozenset({ConditionType.PAUSED, ConditionType.ROLLED_BACK})
"""Conditions that say, while they are True, that something is not as usual."""

AMISS = frozenset({ConditionType.ROLLED_BACK})
"""Conditions that are there only while something is amiss, whatever they say of it."""

SUMS = frozenset({ConditionType.READY, ConditionType.RECONCILING, ConditionType.STALLED})
"""Conditions that say again what others say."""


@dataclass(frozen=True)
class ConditionReport:
    """`good`: whether it is as it should be; None where that is not known."""

    type: str
    good: bool | None
    reason: str
    message: str
    since: str


@dataclass(frozen=True)
class PodReport:
    """`state`: the reason why it does not come up, in the words of the conditions, or else its phase."""

    name: str
    component: str
    state: str
    ready: bool
    restarts: int
    revision: str
    since: str


@dataclass(frozen=True)
class RevisionReport:
    """`wanted`: the one that the spec asks for; `ready`: whether a rollout of it was ever complete.

    `replaced_by`: the earlier one that runs in its place because it did not get ready in time; else empty.
    """

    revision: str
    image: str
    since: str
    ready: bool
    wanted: bool
    replaced_by: str


@dataclass(frozen=True)
class PlatformReport:
    name: str
    conditions: tuple[ConditionReport, ...]


@dataclass(frozen=True)
class ServiceReport:
    """`ready`, `reason` and `message` are those of the condition Ready; `cure` is what a person does about the reason.

    `seen`: whether the operator has acted on the newest spec. `platform` is None where the service uses none, and has
    no conditions where it is not there.
    """

    namespace: str
    name: str
    ready: bool
    reason: str
    message: str
    cure: str
    seen: bool
    image: str
    replicas: int
    ready_replicas: int
    url: str
    public_url: str
    conditions: tuple[ConditionReport, ...]
    pods: tuple[PodReport, ...]
    revisions: tuple[RevisionReport, ...]
    platform: PlatformReport | None


def platform_of(service: Object) -> str | None:
    """The platform whose servers the service uses; None where it uses none."""
    spec = service.get("spec") or {}
    uses_one = spec.get("database") is not None or spec.get("broker") is not None
    return spec.get("platform", "default") if uses_one else None


def report_service(service: Object, pods: Iterable[Object], platform: Object | None) -> ServiceReport:
    status = parse_status(service, FastAPIServiceStatus)
    ready = next((item for item in status.conditions if item.type == ConditionType.READY), None)
    reason = ready.reason if ready is not None else Reason.PENDING
    return ServiceReport(
        namespace=service["metadata"]["namespace"],
        name=service["metadata"]["name"],
        ready=ready is not None and ready.status == "True",
        reason=reason,
        message=ready.message if ready is not None else "the operator has not seen the resource yet",
        cure=_cure(reason),
        seen=status.observed_generation == service["metadata"]["generation"],
        image=status.image or (service.get("spec") or {}).get("image", ""),
        replicas=status.replicas or 0,
        ready_replicas=status.ready_replicas or 0,
        url=status.url or "",
        public_url=status.public_url or "",
        conditions=tuple(_condition(item) for item in status.conditions if item.type not in SUMS),
        pods=tuple(sorted((_pod(pod) for pod in pods), key=lambda pod: (pod.component, pod.name))),
        revisions=tuple(_revision(record, status) for record in status.history),
        platform=_platform(service, platform),
    )


def _cure(reason: str) -> str:
    """Empty where nothing is to be done, or where another version of the operator gave the reason."""
    cure = REASONS[Reason(reason)].cure if reason in set(Reason) else ""
    return "" if cure == NOTHING_TO_DO else cure


def _condition(condition: Condition) -> ConditionReport:
    as_it_should_be = (condition.status == "True") != (condition.type in GOING_ON) and condition.type not in AMISS
    good = None if condition.status == "Unknown" else as_it_should_be
    return ConditionReport(condition.type, good, condition.reason, condition.message, condition.last_transition_time)


def _pod(pod: Object) -> PodReport:
    """Without what its containers said: only the operator, which knows the secrets, can hide them in that."""
    status = pod.get("status") or {}
    cause = first_cause([pod])
    containers = status.get("containerStatuses") or ()
    leaving = "Terminating" if pod["metadata"].get("deletionTimestamp") else None
    return PodReport(
        name=pod["metadata"]["name"],
        component=label_of(pod, LABEL_COMPONENT) or "",
        state=leaving or (cause.reason if cause else status.get("phase", "Unknown")),
        ready=is_true(pod, "Ready"),
        restarts=sum(container.get("restartCount", 0) for container in containers),
        revision=revision_of(pod) or "",
        since=status.get("startTime") or "",
    )


def _revision(record: RevisionRecord, status: FastAPIServiceStatus) -> RevisionReport:
    rollback = status.rollback
    failed = rollback.revision if rollback else None
    return RevisionReport(
        revision=record.revision,
        image=record.image,
        since=record.first_seen,
        ready=record.ready,
        wanted=record.revision == (failed or status.revision),
        replaced_by=rollback.to if rollback and record.revision == failed else "",
    )


def _platform(service: Object, platform: Object | None) -> PlatformReport | None:
    name = platform_of(service)
    if name is None:
        return None
    conditions = parse_status(platform, FleetPlatformStatus).conditions if platform is not None else ()
    return PlatformReport(name, tuple(_condition(item) for item in conditions if item.type not in SUMS))
