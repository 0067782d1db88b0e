"""What RolloutComplete says while a canary holds the rollout, or has ended it."""

from fastapi_fleet.api.canary_status import CanaryStatus
from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.resources.canary import MOST_BY_PODS
from fastapi_fleet.status.canary import holds_back
from fastapi_fleet.status.conditions import Finding, fails
from fastapi_fleet.status.facts import LiveObject, ServiceFacts
from fastapi_fleet.status.pods import first_cause, refusal_of_pods
from fastapi_fleet.status.revisions import revision_of

KIND = ConditionType.ROLLOUT_COMPLETE


def canary_step(facts: ServiceFacts) -> Finding | None:
    """None where no canary holds the rollout."""
    if facts.canary is None or facts.spec is None or facts.spec.rollout.canary is None:
        return None
    state, obstacle = facts.canary.state, facts.canary.obstacle
    if state is None or not holds_back(state):
        return None
    serving = f"revision {revision_of(facts.deployment)} goes on serving" if facts.deployment else ""
    if state.phase == "Aborted":
        return fails(KIND, Reason.CANARY_ABORTED, f"{state.message} ({serving})")
    pods = f"{state.replicas} {'pod' if state.replicas == 1 else 'pods'} of revision {state.revision}"
    how = "available" if state.available else "awaited"
    where = f"canary step {state.step} of {len(facts.spec.rollout.canary.steps)}"
    message = f"{where}: {pods}, {how} since {state.since}{_share(state)}; {serving}"
    if state.available and facts.canary.unmeasured:
        return fails(KIND, Reason.CANARY_UNMEASURED, f"{message}: {facts.canary.unmeasured}")
    return fails(KIND, Reason.CANARY_STEP, f"{message}: {obstacle}" if obstacle else message)


def _share(state: CanaryStatus) -> str:
    """Nothing of one by pods that is as asked."""
    if state.route_weight is not None:
        return f", with {state.route_weight} of {state.weight} percent of the requests by the HTTPRoute"
    if state.weight > MOST_BY_PODS:
        return f", as many as serve: there is no HTTPRoute that could give {state.weight} percent"
    return ""


def canary_obstacle(facts: ServiceFacts, trial: LiveObject | None) -> str | None:
    """Why pods of the coming revision do not come up, or cannot be made. `trial`: their Deployment."""
    cause = first_cause((pod for pod in facts.pods if revision_of(pod) == facts.revision), facts.secret_values)
    if cause is not None:
        return cause.message
    return refusal_of_pods(trial) if trial is not None else None
