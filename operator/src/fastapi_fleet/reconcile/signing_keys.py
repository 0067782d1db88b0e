"""A new signing key while tokens of the old one are in use: published, then signed with, then the old one is dropped.

Each step is one write of the service's Secret, keys and record together, and rolls the pods. A pass that is killed
before it or after it is gone on with by the next one.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog

from fastapi_fleet.api.times import Now, rfc3339
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.reconcile.children import Children
from fastapi_fleet.reconcile.service_plan import ServicePlan
from fastapi_fleet.reconcile.signing_key_plan import KeyChange, Step, change_of, next_step, obstacle_to_step
from fastapi_fleet.resources.manifest import with_hash
from fastapi_fleet.resources.rotation_record import rotation_request
from fastapi_fleet.resources.secret import render_secret
from fastapi_fleet.status.facts import ServiceFacts, SigningKeyFacts

log = structlog.get_logger(__name__)


class SigningKeys:
    def __init__(self, *, children: Children, generate: Callable[[], str], now: Now) -> None:
        self._children = children
        self._generate = generate
        self._now = now

    async def run(self, resource: Object, plan: ServicePlan, facts: ServiceFacts) -> ServiceFacts:
        """Do the next step of each key of `facts` that can be done now, and say how far they are.

        Raises ReconcileError where the cluster does not take the write.
        """
        keys = facts.signing_keys or ()
        steps = {key.env: step for key in keys if (step := next_step(key, self._now()))}
        if not steps:
            return facts
        obstacle = obstacle_to_step(plan, facts)
        if obstacle is not None:
            return replace(facts, signing_keys=tuple(_waiting(key, obstacle, steps) for key in keys))
        changes = self._changes(resource, plan, steps)
        await self._write(plan, changes)
        log.info("Went on with the exchange of signing keys", service=plan.identity.mark, steps=steps)
        return replace(facts, signing_keys=tuple(self._stepped(key, changes.get(key.env)) for key in keys))

    def _changes(self, resource: Object, plan: ServicePlan, steps: Mapping[str, Step]) -> dict[str, KeyChange]:
        asked = rotation_request(resource)
        now = rfc3339(self._now())
        return {
            env: change_of(step, env, plan, now=now, request=asked, generate=self._generate)
            for env, step in steps.items()
        }

    async def _write(self, plan: ServicePlan, changes: Mapping[str, KeyChange]) -> None:
        """All that changes in one write: pods restart once."""
        credentials = {**plan.credentials, **plan.leaving}
        for change in changes.values():
            credentials |= change.values
        records = {**plan.observed.signing_keys, **{env: change.record for env, change in changes.items()}}
        manifest = render_secret(plan.owner, credentials, plan.observed.rotations, records)
        if manifest is not None:
            await self._children.apply((with_hash(manifest),), plan.observed.children)

    def _stepped(self, key: SigningKeyFacts, change: KeyChange | None) -> SigningKeyFacts:
        """The next pass, which follows at once, tells of the times."""
        if change is None:
            return key
        record = change.record
        return replace(
            key,
            stage=record.stage,
            rolled_out=record.rolled_out_at is not None,
            since=record.signs_since or key.since,
            until=None,
            is_due=False,
            again_after=0.0,
        )


def _waiting(key: SigningKeyFacts, obstacle: str, steps: Mapping[str, Step]) -> SigningKeyFacts:
    """What stands in the way wakes the pass when it ends."""
    return replace(key, waits_until=obstacle, again_after=None) if key.env in steps else key
