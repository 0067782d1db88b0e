"""Status of a FastAPIService from what a pass found."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.api.resource_status import Binding, FastAPIServiceStatus, Rollback
from fastapi_fleet.resources import names
from fastapi_fleet.resources.connections import most_connections
from fastapi_fleet.resources.environment import own_secret_keys
from fastapi_fleet.resources.manifest import selector_labels
from fastapi_fleet.status.auto_rollback import decide
from fastapi_fleet.status.backing_ready import broker_ready, database_ready
from fastapi_fleet.status.conditions import Finding, holds, merge
from fastapi_fleet.status.config_valid import config_valid
from fastapi_fleet.status.connections_in_budget import connections_in_budget
from fastapi_fleet.status.contract_compatible import awaited_approval, contract_compatible
from fastapi_fleet.status.credentials_rotated import credentials_rotated, login_statuses
from fastapi_fleet.status.dependencies_ready import dependencies_ready
from fastapi_fleet.status.exposure_ready import exposure_ready
from fastapi_fleet.status.facts import ServiceFacts
from fastapi_fleet.status.history import revision_history
from fastapi_fleet.status.migrations_complete import migrations_complete
from fastapi_fleet.status.network_open import network_open
from fastapi_fleet.status.public_url import public_url
from fastapi_fleet.status.revisions import image_of, revision_of
from fastapi_fleet.status.rolled_back import rolled_back, rolled_back_by_itself
from fastapi_fleet.status.rollout_complete import in_place_of, rollout_complete
from fastapi_fleet.status.shutdown_in_time import shutdown_in_time
from fastapi_fleet.status.signing_keys import signing_key_statuses
from fastapi_fleet.status.spec_valid import service_spec_valid
from fastapi_fleet.status.summary import summarise
from fastapi_fleet.status.way_back import NoWayBack


def compute_service_status(facts: ServiceFacts, previous: FastAPIServiceStatus, *, now: str) -> FastAPIServiceStatus:
    """`now`: RFC 3339, in UTC. Fields that a failed pass could not find out keep their value."""
    rollout = rollout_complete(facts)
    complete = rollout.status == "True" and rollout.reason is not Reason.SCALED_TO_ZERO
    history = revision_history(facts, previous, complete=complete, now=now)
    decided = decide(facts, previous, history, now=now) or _as_decided(facts, previous)
    findings = summarise(_findings(facts, previous, rollout, decided))
    deployed: Mapping[str, Any] = (facts.deployment or {}).get("status") or {}
    return previous.model_copy(
        update={
            "observed_generation": facts.generation,
            "conditions": merge(findings, previous.conditions, generation=facts.generation, now=now),
            "replicas": deployed.get("replicas", 0),
            "ready_replicas": deployed.get("readyReplicas", 0),
            "selector": _selector(facts.name),
            "history": history,
            "rollback": decided if isinstance(decided, Rollback) else None,
            "awaits_approval": awaited_approval(facts),
            "last_ready_revision": facts.revision if complete else previous.last_ready_revision,
            "canary": facts.canary.state if facts.canary is not None else previous.canary,
            **_running(facts),
            **_credentials(facts),
            **_specified(facts),
        }
    )


def _as_decided(facts: ServiceFacts, previous: FastAPIServiceStatus) -> Rollback | None:
    """What an earlier pass has decided: of a spec that cannot be read it is not known that it is another."""
    return facts.rollback if facts.spec is not None else previous.rollback


def _findings(
    facts: ServiceFacts, previous: FastAPIServiceStatus, rollout: Finding, decided: Rollback | NoWayBack | None
) -> Iterator[Finding]:
    found = (
        service_spec_valid(facts),
        dependencies_ready(facts),
        database_ready(facts),
        broker_ready(facts),
        config_valid(facts),
        contract_compatible(facts),
        migrations_complete(facts),
        _rolled_out(facts, rollout, decided),
        credentials_rotated(facts),
        rolled_back_by_itself(facts, decided) if decided else rolled_back(facts, previous.history),
        *exposure_ready(facts),
        network_open(facts),
        shutdown_in_time(facts),
        connections_in_budget(facts),
        _paused(facts),
    )
    return (finding for finding in found if finding is not None)


def _rolled_out(facts: ServiceFacts, rollout: Finding, decided: Rollback | NoWayBack | None) -> Finding:
    if isinstance(decided, Rollback) and facts.problem is None:
        return in_place_of(decided, rollout if facts.rollback else None)
    return rollout


def _paused(facts: ServiceFacts) -> Finding | None:
    if facts.spec is None or not facts.spec.paused:
        return None
    return holds(ConditionType.PAUSED, Reason.PAUSED, "spec.paused is true: nothing but status is written")


def _selector(name: str) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(selector_labels(name, "service").items()))


def _running(facts: ServiceFacts) -> Mapping[str, str]:
    if facts.deployment is None:
        return {}
    revision = revision_of(facts.deployment)
    return {"image": image_of(facts.deployment), **({"revision": revision} if revision else {})}


def _credentials(facts: ServiceFacts) -> Mapping[str, Any]:
    if facts.rotations is None or facts.signing_keys is None:
        return {}
    return {
        "credentials": login_statuses(facts.rotations),
        "signing_keys": signing_key_statuses(facts.signing_keys),
    }


def _specified(facts: ServiceFacts) -> Mapping[str, Any]:
    if facts.spec is None:
        return {}
    binding = Binding(name=names.secret(facts.name)) if own_secret_keys(facts.spec) else None
    return {
        "url": names.service_url(facts.name, facts.namespace, facts.spec.port),
        "public_url": public_url(facts.spec, facts.served),
        "database_connections": most_connections(facts.spec),
        "binding": binding,
    }
