"""Migrations of a service: a Job for each image, complete before the image's pods start."""

from collections.abc import Iterator
from dataclasses import replace

from fastapi_fleet.api.resource_status import FastAPIServiceStatus
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.kinds import JOB, Object, key_of
from fastapi_fleet.reconcile.children import Children
from fastapi_fleet.reconcile.observe import pods_of
from fastapi_fleet.reconcile.ownership import component_of, owner_key
from fastapi_fleet.reconcile.parse import parse_status
from fastapi_fleet.reconcile.service_plan import ServicePlan
from fastapi_fleet.resources.manifest import Owner
from fastapi_fleet.resources.migration_job import COMPONENT, migration_job_name
from fastapi_fleet.resources.preflight_job import COMPONENT as PREFLIGHT
from fastapi_fleet.status.facts import ServiceFacts
from fastapi_fleet.status.jobs import has_succeeded, is_at_work


class Migrations:
    def __init__(self, cache: ObjectCache, children: Children) -> None:
        self._cache = cache
        self._children = children

    async def run(self, plan: ServicePlan, facts: ServiceFacts) -> ServiceFacts:
        """Begin those of the wanted image where they have not been, and say how far they are."""
        wanted = plan.manifests.migration
        if wanted is None:
            return facts
        key = key_of(wanted)
        there = plan.observed.children.get(key)
        if there is not None or self._may_begin(plan, facts):
            await self._children.apply((wanted,), plan.observed.children)
        return replace(
            facts,
            migration=self._cache.get(key) or there,
            migrated=frozenset(job["metadata"]["name"] for job in self._jobs(plan.owner) if has_succeeded(job)),
            migration_pods=pods_of(self._cache, owner_key(plan.owner), COMPONENT),
        )

    def obstacle(self, owner: Owner) -> str | None:
        """Why the migrator's password cannot change now."""
        return "no migration is at work" if any(is_at_work(job) for job in self._jobs(owner)) else None

    def kept(self, plan: ServicePlan, resource: Object) -> Iterator[Object]:
        """Jobs that stay though their image is not the wanted one.

        One at work would leave a migration half done. One that has succeeded tells, for as long as the history names
        its image, that going back to that needs no migration: an older image may not know what it finds. Where such a
        one is not to run, it is asked anew.
        """
        migrations = plan.spec.database.migrations if plan.spec.database else None
        is_asked_anew = migrations is not None and migrations.blocks_newer_schema
        history = () if is_asked_anew else parse_status(resource, FastAPIServiceStatus).history
        before = {
            migration_job_name(plan.owner.name, plan.spec.model_copy(update={"image": record.image}))
            for record in history
        }
        for job in self._jobs(plan.owner):
            if is_at_work(job) or (has_succeeded(job) and job["metadata"]["name"] in before):
                yield job

    def _may_begin(self, plan: ServicePlan, facts: ServiceFacts) -> bool:
        """Once the image is let in and the migrator can log in, and never beside the migrations of another image."""
        can_log_in = facts.database is not None and facts.database.ready
        return plan.is_let_in(facts) and can_log_in and not any(is_at_work(job) for job in self._jobs(plan.owner))

    def _jobs(self, owner: Owner) -> list[Object]:
        """Also one whose labels somebody has taken away: it may be at work."""
        jobs = (child for child in self._cache.owned_by(owner_key(owner)) if child["kind"] == JOB.name)
        return [job for job in jobs if component_of(job) != PREFLIGHT]
