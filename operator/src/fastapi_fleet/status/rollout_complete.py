"""RolloutComplete: every pod is of the wanted revision, and available."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from fastapi_fleet.api.conditions import MESSAGE_LIMIT, ConditionType, Reason
from fastapi_fleet.api.resource_status import Rollback
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.errors import DependencyMissingError, InvalidSpecError
from fastapi_fleet.status.canary_step import canary_step
from fastapi_fleet.status.conditions import Finding, condition_of, failed_by, fails, holds, is_current, shorten, unknown
from fastapi_fleet.status.facts import LiveObject, ServiceFacts
from fastapi_fleet.status.pods import first_cause, has_ended, refusal_of_pods
from fastapi_fleet.status.revisions import named, revision_of, with_context

KIND = ConditionType.ROLLOUT_COMPLETE


def rollout_complete(facts: ServiceFacts) -> Finding:
    if facts.problem is not None and not isinstance(facts.problem, InvalidSpecError | DependencyMissingError):
        return failed_by(KIND, facts.problem)
    if facts.deployment is None:
        return unknown(KIND, Reason.PENDING, "no pods yet: what they need is not ready")
    if facts.problem is not None or facts.spec is None:
        return unknown(KIND, Reason.PENDING, "the spec is not being rolled out; the revision before it goes on running")
    if facts.diverges_while_paused:
        return _not_applied(facts.spec.paused)
    canary = canary_step(facts)
    if canary is not None:
        return canary
    service = _rollout(facts, facts.spec, facts.deployment, _wanted(facts.spec, facts.deployment))
    return service if service.status != "True" else _worker(facts, facts.spec) or service


def in_place_of(rollback: Rollback, progress: Finding | None) -> Finding:
    """Never complete while an earlier revision runs in place of the wanted one, however well that does.

    `progress`: how far the earlier one is, once it has been begun.
    """
    so_far = "" if progress is None or progress.status == "True" else f" So far: {progress.message}."
    because = f"{named(rollback.revision, rollback.image)} did not get ready in time ({rollback.reason}); "
    stays = f"{named(rollback.to, rollback.to_image)} takes its place until the spec changes.{so_far}"
    why = f" Why: {rollback.message}"
    message = shorten(f"{because}{stays}{why}", MESSAGE_LIMIT)
    return replace(fails(KIND, Reason.NOT_READY_IN_TIME, message), stalled=True)


def _worker(facts: ServiceFacts, spec: FastAPIServiceSpec) -> Finding | None:
    """What the worker lacks; None where it lacks nothing, or there is none."""
    worker = facts.worker
    if worker is None:
        return None
    if worker.deployment is None:
        return fails(KIND, Reason.ROLLING_OUT, "worker: no pods yet")
    own = replace(facts, revision=worker.revision, pods=worker.pods)
    finding = _rollout(own, spec, worker.deployment, worker.replicas)
    if finding.status == "True":
        return None
    return replace(finding, message=shorten(f"worker: {finding.message}", MESSAGE_LIMIT))


def _rollout(facts: ServiceFacts, spec: FastAPIServiceSpec, deployment: LiveObject, wanted: int) -> Finding:
    if revision_of(deployment) != facts.revision or deployment["spec"]["replicas"] != wanted:
        return _not_applied(spec.paused)
    return _progress(facts, deployment, wanted)


def runs_nothing_older(deployment: LiveObject | None, pods: Iterable[LiveObject], revision: str | None) -> bool:
    """Whether every pod that runs, those that are stopping included, is of this revision."""
    running = [pod for pod in pods if not has_ended(pod)]
    if deployment is None:
        return not running
    status: Mapping[str, Any] = deployment.get("status") or {}
    is_updated = status.get("replicas", 0) == status.get("updatedReplicas", 0)
    is_newest = revision_of(deployment) == revision and is_current(status, deployment) and is_updated
    return is_newest and all(revision_of(pod) == revision for pod in running)


def _wanted(spec: FastAPIServiceSpec, deployment: LiveObject) -> int:
    """As many pods as the spec says or, where an autoscaler decides, as it says."""
    autoscaled: int = deployment["spec"]["replicas"]
    return autoscaled if spec.autoscaling else spec.replicas


def _not_applied(paused: bool) -> Finding:  # noqa: FBT001 - the field as it stands in the spec
    if paused:
        return fails(KIND, Reason.PAUSED, "the spec has changed; it is rolled out when spec.paused is false")
    return fails(KIND, Reason.ROLLING_OUT, "the newest spec has not been written yet")


def _progress(facts: ServiceFacts, deployment: LiveObject, wanted: int) -> Finding:
    status: Mapping[str, Any] = deployment.get("status") or {}
    if not is_current(status, deployment):
        return fails(KIND, Reason.ROLLING_OUT, "the Deployment controller has not seen the new revision yet")
    there, updated = status.get("replicas", 0), status.get("updatedReplicas", 0)
    available = status.get("availableReplicas", 0)
    if there == updated == wanted and available == wanted:
        if wanted == 0:
            return holds(KIND, Reason.SCALED_TO_ZERO, "scaled to zero: nothing runs")
        return holds(KIND, Reason.AVAILABLE, f"{available} of {wanted} pods available")
    count = f"{updated} of {wanted} pods updated, {available} available"
    held_up = obstacle(facts, deployment)
    if held_up is None:
        return fails(KIND, Reason.ROLLING_OUT, count)
    return replace(held_up, message=with_context(held_up.message, facts, deployment, count))


def obstacle(facts: ServiceFacts, deployment: LiveObject) -> Finding | None:
    """What keeps the newest pods from getting ready, as far as it shows."""
    newest = [pod for pod in facts.pods if revision_of(pod) == facts.revision]
    progressing = condition_of(deployment, "Progressing")
    given_up = progressing is not None and progressing["status"] == "False"
    cause = first_cause(newest, facts.secret_values)
    if cause is not None:
        return replace(fails(KIND, cause.reason, cause.message), stalled=given_up)
    refusal = refusal_of_pods(deployment)
    if refusal is not None:
        return fails(KIND, Reason.REPLICA_FAILURE, refusal)
    if any(_runs_unready(pod) for pod in newest):
        unready = fails(KIND, Reason.NOT_ANSWERING_PROBES, "a pod runs but does not answer its probes yet")
        return replace(unready, stalled=given_up)
    if given_up:
        return fails(KIND, Reason.PROGRESS_DEADLINE_EXCEEDED, "no progress within the deadline")
    return None


def _runs_unready(pod: LiveObject) -> bool:
    containers = (pod.get("status") or {}).get("containerStatuses") or ()
    return any("running" in (container.get("state") or {}) and not container.get("ready") for container in containers)
