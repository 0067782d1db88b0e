"""New passwords while the service runs: the other login is opened and tried, pods get it, the one before is locked.

Each step is told by what it leaves behind: a login that is open, the login in the service's Secret, and the record
beside it. A pass that is killed between any two is gone on with by the next one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog

from fastapi_fleet.api.database_spec import Database
from fastapi_fleet.api.service_spec import Broker
from fastapi_fleet.api.times import Now, rfc3339
from fastapi_fleet.constants import BackingPart
from fastapi_fleet.errors import BackendUnavailableError
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.reconcile.backend_requests import Beside
from fastapi_fleet.reconcile.backing_services import BackingServices
from fastapi_fleet.reconcile.children import Children
from fastapi_fleet.reconcile.credentials import complete_migration_credentials, next_login
from fastapi_fleet.reconcile.migrations import Migrations
from fastapi_fleet.reconcile.rotation_plan import obstacle_to_rotation
from fastapi_fleet.reconcile.service_plan import ServicePlan
from fastapi_fleet.resources.manifest import Manifest, with_hash
from fastapi_fleet.resources.rotation_record import RotationRecord, rotation_request
from fastapi_fleet.resources.secret import render_migrations_secret, render_secret
from fastapi_fleet.status.facts import BackendState, RotationFacts, ServiceFacts

SESSION_CHECK_SECONDS: Final = 5.0
"""Pods that go wake the pass; sessions do not."""

log = structlog.get_logger(__name__)


class Rotations:
    def __init__(
        self,
        *,
        children: Children,
        backing: BackingServices,
        migrations: Migrations,
        generate: Callable[[], str],
        now: Now,
    ) -> None:
        self._children = children
        self._backing = backing
        self._migrations = migrations
        self._generate = generate
        self._now = now

    async def run(self, resource: Object, plan: ServicePlan, facts: ServiceFacts) -> ServiceFacts:
        """Do what can be done now for the rotations of `facts`, and say how far they are.

        Raises ReconcileError where the cluster does not take a write; what a backend does not do is in the facts.
        """
        rotations = facts.rotations or ()
        if any(one.left for one in rotations):
            return replace(facts, rotations=await self._leave(plan, rotations))
        due = [one for one in rotations if one.is_due]
        if not due:
            return facts
        obstacle = obstacle_to_rotation(plan, facts) or self._migrations.obstacle(plan.owner)
        if obstacle is not None:
            waiting = tuple(replace(one, waits_until=obstacle) if one.is_due else one for one in rotations)
            return replace(facts, rotations=waiting)
        turned = {one.part: one for one in await self._turn(resource, plan, due)}
        return replace(facts, rotations=tuple(turned.get(one.part, one) for one in rotations))

    async def _turn(self, resource: Object, plan: ServicePlan, due: Sequence[RotationFacts]) -> list[RotationFacts]:
        """Let pods log in by the other logins from now on. All at once: they restart once."""
        coming = dict(plan.credentials)
        for one in due:
            coming |= next_login(plan.identity, one.part, plan.credentials, plan.observed.endpoints, self._generate)
        for one in due:
            state = await self._open(plan, one.part, coming)
            if not state.ready:
                return [replace(one, obstacle=state)]
        if any(one.part == "database" for one in due):
            await self._renew_migrator(plan)
        record = RotationRecord(rotated_at=rfc3339(self._now()), request=rotation_request(resource))
        await self._write(plan, coming, {one.part: record for one in due})
        log.info("Gave a service new logins", service=plan.identity.mark, of=[one.part for one in due])
        return [self._turned(plan, one, coming, record) for one in due]

    def _turned(
        self, plan: ServicePlan, one: RotationFacts, coming: Mapping[str, str], record: RotationRecord
    ) -> RotationFacts:
        login = plan.identity.login(one.part, plan.identity.turn_in(one.part, coming))
        return replace(
            one, login=login, since=record.rotated_at, left=one.login, is_due=False, older_pods=True, again_after=0.0
        )

    async def _open(self, plan: ServicePlan, part: BackingPart, coming: Mapping[str, str]) -> BackendState:
        if part == "broker":
            wanted = plan.spec.broker or Broker()
            return await self._backing.provision_broker(plan.identity, wanted, coming, Beside.LOGIN_IN_USE)
        return await self._backing.provision_database(
            plan.identity, plan.spec.database or Database(), coming, plan.migration_credentials, Beside.LOGIN_IN_USE
        )

    async def _renew_migrator(self, plan: ServicePlan) -> None:
        """In place: nobody logs in as it but Jobs, and none is at work. The role follows in the next pass, as ever."""
        credentials = complete_migration_credentials(
            plan.identity, plan.spec, {}, plan.observed.endpoints, self._generate
        )
        await self._apply(plan, render_migrations_secret(plan.owner, credentials))

    async def _leave(self, plan: ServicePlan, rotations: Sequence[RotationFacts]) -> tuple[RotationFacts, ...]:
        """Lock the logins that nobody is logged in by any more."""
        after = tuple([await self._try_to_lock(plan, one) if one.left else one for one in rotations])
        records = {
            one.part: plan.observed.rotations[one.part].model_copy(update={"ended_at": rfc3339(self._now())})
            for one, then in zip(rotations, after, strict=True)
            if one.left and not then.left
        }
        if records:
            await self._write(plan, plan.credentials, records)
        return after

    async def _try_to_lock(self, plan: ServicePlan, one: RotationFacts) -> RotationFacts:
        if one.older_pods or one.left is None or one.sessions_end is None:
            return one
        try:
            sessions = await self._backing.list_sessions(plan.identity, one.part, one.left)
            if sessions and self._now() < datetime.fromisoformat(one.sessions_end):
                return replace(one, sessions=sessions, again_after=SESSION_CHECK_SECONDS)
            if sessions:
                log.warning("Ended sessions of a login that its service has left", login=one.left, count=len(sessions))
            await self._backing.lock_login(plan.identity, one.part, one.left)
        except BackendUnavailableError as error:
            return replace(one, obstacle=BackendState.failed_by(error))
        return replace(one, left=None, again_after=0.0)

    async def _write(
        self, plan: ServicePlan, credentials: Mapping[str, str], records: Mapping[BackingPart, RotationRecord]
    ) -> None:
        """Login and record in one write: there is no moment between them."""
        told = {**plan.observed.rotations, **records}
        await self._apply(
            plan, render_secret(plan.owner, {**credentials, **plan.leaving}, told, plan.observed.signing_keys)
        )

    async def _apply(self, plan: ServicePlan, manifest: Manifest | None) -> None:
        if manifest is not None:
            await self._children.apply((with_hash(manifest),), plan.observed.children)
