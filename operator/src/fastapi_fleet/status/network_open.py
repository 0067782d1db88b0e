"""NetworkOpen: a warning that nobody outside gets as far as what the spec exposes. Ready does not wait for it."""

from collections.abc import Iterator

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources.network_rules import lets_somebody_in
from fastapi_fleet.status.conditions import Finding, fails
from fastapi_fleet.status.facts import ServiceFacts


def network_open(facts: ServiceFacts) -> Finding | None:
    if facts.spec is None:
        return None
    exposed = list(_exposed(facts.spec))
    if not exposed or lets_somebody_in(facts.spec.network_policy, facts.caller_namespaces):
        return None
    message = (
        f"{', '.join(exposed)}: the NetworkPolicy lets nobody in from outside; name the namespace of who comes in "
        "spec.networkPolicy.fromNamespaces or the chart's callerNamespaces"
    )
    return fails(ConditionType.NETWORK_OPEN, Reason.NOBODY_LET_IN, message)


def _exposed(spec: FastAPIServiceSpec) -> Iterator[str]:
    """A monitor that was not asked for is not made where nobody gets to it."""
    if spec.route is not None:
        yield "spec.route"
    if spec.ingress is not None:
        yield "spec.ingress"
    if spec.monitoring is not None and spec.monitoring.enabled:
        yield "spec.monitoring"
