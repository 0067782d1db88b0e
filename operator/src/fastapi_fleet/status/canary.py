"""What comes next of a canary: from how far it was, and from what is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fastapi_fleet.api.canary_spec import Canary
from fastapi_fleet.api.canary_status import CanaryStatus
from fastapi_fleet.resources.canary import pods_by_number, pods_by_route
from fastapi_fleet.status.canary_analysis import Verdict
from fastapi_fleet.status.conditions import is_current, shorten
from fastapi_fleet.status.facts import LiveObject
from fastapi_fleet.status.revisions import revision_of

ANALYSIS_SECONDS: Final = 10.0
"""From one look at a canary's metrics to the next."""


@dataclass(frozen=True)
class CanarySight:
    """What a canary is decided by.

    `is_proven`: the revision was rolled out whole before, as one that somebody goes back to. `is_renewal`: it has other
    passwords or keys of the operator's than what serves, and nothing else new. `may_run`: every gate
    before the rollout is open. `stable`: the Deployment that serves, `trial` that of the canary. `obstacle`: why pods
    of the revision do not come up. `verdict`: what their metrics say, where the spec bounds them and they are there.
    `by_route`: whether an HTTPRoute can give the share; then `trial` is of pods that nothing else leads to.
    """

    now: str
    generation: int
    revision: str
    canary: Canary
    deadline_seconds: int
    is_proven: bool
    may_run: bool
    stable: LiveObject
    trial: LiveObject | None = None
    is_renewal: bool = False
    obstacle: str | None = None
    verdict: Verdict | None = None
    by_route: bool = False


def next_canary(before: CanaryStatus | None, sight: CanarySight) -> CanaryStatus | None:
    """None where there is nothing to try: what is wanted is rolled out at once, if it does not run already."""
    state = _next(before, sight)
    if state is None:
        return None
    weight = _route_weight(state, sight) if is_beside(state) else None
    return state if weight == state.route_weight else state.model_copy(update={"route_weight": weight})


def _next(before: CanaryStatus | None, sight: CanarySight) -> CanaryStatus | None:
    known = before if before is not None and before.revision == sight.revision else None
    if revision_of(sight.stable) == sight.revision:
        return _of_what_runs(known, sight)
    if not sight.may_run:
        return known
    if known is None or (known.phase == "Aborted" and known.generation != sight.generation):
        return _first_step(sight)
    return _gone_on(known, sight) if known.phase == "Progressing" else known


def holds_back(state: CanaryStatus | None) -> bool:
    """Whether the Deployment that serves, and all that goes with it, stays as it is."""
    return state is not None and state.phase in {"Progressing", "Aborted"}


def is_beside(state: CanaryStatus | None) -> bool:
    """Whether the canary's pods are wanted: until those that take its place are all there."""
    return state is not None and state.phase in {"Progressing", "Promoting"}


def is_at_work(before: CanaryStatus | None, sight: CanarySight) -> bool:
    """Whether the canary's pods have begun to answer."""
    return (
        before is not None
        and before.revision == sight.revision
        and before.phase == "Progressing"
        and settled_pods(sight.trial, sight.revision) == before.replicas
    )


def unmeasured(sight: CanarySight) -> str | None:
    """Why nothing is known of how the canary answers."""
    return sight.verdict.why if sight.verdict is not None and sight.verdict.outcome == "unmeasured" else None


def due_in(state: CanaryStatus | None, sight: CanarySight) -> float | None:
    """Seconds until the canary is to be looked at: when time alone brings it on, or its metrics may say more."""
    if state is None or state.phase != "Progressing":
        return None
    left = max(0.0, _allowed(state, sight) - _seconds(state.since, sight.now))
    if sight.canary.analysis is None or not state.available:
        return left
    return min(left or ANALYSIS_SECONDS, ANALYSIS_SECONDS)


def _of_what_runs(known: CanaryStatus | None, sight: CanarySight) -> CanaryStatus | None:
    """Also where the operator ended between the promotion and its record."""
    if known is None or known.phase == "Aborted":
        return None
    reached = "Promoting" if settled_pods(sight.stable, sight.revision) is None else "Promoted"
    if known.phase in {reached, "Promoted"}:
        return known
    return known.model_copy(update={"phase": reached, "since": sight.now})


def _first_step(sight: CanarySight) -> CanaryStatus | None:
    """What serves may not be let in for long where passwords are new: nothing that can be tried is worth the wait."""
    serving = (sight.stable.get("status") or {}).get("availableReplicas", 0)
    return None if sight.is_proven or sight.is_renewal or serving == 0 else _step(1, sight)


def _step(number: int, sight: CanarySight) -> CanaryStatus:
    serving: int = sight.stable["spec"]["replicas"]
    weight = sight.canary.steps[number - 1].weight
    pods = pods_by_route(weight, serving) if sight.by_route else pods_by_number(weight, serving)
    return CanaryStatus(
        revision=sight.revision,
        phase="Progressing",
        step=number,
        weight=weight,
        replicas=pods,
        available=settled_pods(sight.trial, sight.revision) == pods,
        since=sight.now,
        generation=sight.generation,
    )


def _route_weight(state: CanaryStatus, sight: CanarySight) -> int | None:
    """None where the share is by pods. That of the step before lasts until all pods of this one are there.

    Without any pod there is none: a gateway would answer for it by errors.
    """
    if not sight.by_route:
        return None
    if not _has_pods(sight.trial, sight.revision):
        return 0
    return state.weight if state.available else state.route_weight or 0


def _has_pods(trial: LiveObject | None, revision: str) -> bool:
    """Whether one is available, even if its Deployment is about to make others."""
    if trial is None or revision_of(trial) != revision:
        return False
    available: int = (trial.get("status") or {}).get("availableReplicas", 0)
    return available > 0


def _gone_on(known: CanaryStatus, sight: CanarySight) -> CanaryStatus:
    available = settled_pods(sight.trial, sight.revision) == known.replicas
    if available != known.available:
        known = known.model_copy(update={"available": available, "since": sight.now})
    if available and sight.verdict is not None and sight.verdict.outcome == "breached":
        return _aborted(known, sight, sight.verdict.why)
    if _seconds(known.since, sight.now) < _allowed(known, sight) or not _may_go_on(known, sight):
        return known
    if not available:
        return _aborted(known, sight, f"not all of its pods were available within {sight.deadline_seconds} s")
    if known.step < len(sight.canary.steps):
        return _step(known.step + 1, sight).model_copy(update={"route_weight": known.route_weight})
    return known.model_copy(update={"phase": "Promoting", "since": sight.now})


def _may_go_on(known: CanaryStatus, sight: CanarySight) -> bool:
    """What was not measured is no reason to go on, nor to abort."""
    if sight.canary.analysis is None or not known.available:
        return True
    return sight.verdict is not None and sight.verdict.outcome == "within"


def _aborted(known: CanaryStatus, sight: CanarySight, why: str) -> CanaryStatus:
    because = f"{why}: {sight.obstacle}" if sight.obstacle and not known.available else why
    message = shorten(f"canary of revision {known.revision} in step {known.step}: {because}")
    ended = {"phase": "Aborted", "since": sight.now, "generation": sight.generation}
    return known.model_copy(update=ended | {"message": message})


def _allowed(state: CanaryStatus, sight: CanarySight) -> int:
    """Seconds that the state may last. Steps may have been taken out of the spec since."""
    steps = sight.canary.steps
    return steps[min(state.step, len(steps)) - 1].pause if state.available else sight.deadline_seconds


def settled_pods(deployment: LiveObject | None, revision: str) -> int | None:
    """How many pods a Deployment has, all of them of the revision and available; None while that is not so."""
    if deployment is None or revision_of(deployment) != revision:
        return None
    status: Mapping[str, Any] = deployment.get("status") or {}
    wanted: int = deployment["spec"]["replicas"]
    counts = {status.get(field, 0) for field in ("replicas", "updatedReplicas", "availableReplicas")}
    return wanted if is_current(status, deployment) and counts == {wanted} else None


def _seconds(since: str, now: str) -> float:
    return (datetime.fromisoformat(now) - datetime.fromisoformat(since)).total_seconds()
