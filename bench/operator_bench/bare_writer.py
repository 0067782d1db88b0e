"""The floor: the operator's writes, made by its own renderers and its own client, and nothing else."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi_fleet.api.resource_status import FastAPIServiceStatus
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.api.times import rfc3339
from fastapi_fleet.kube.kinds import Object, key_of
from fastapi_fleet.reconcile.ownership import owner_from
from fastapi_fleet.reconcile.parse import parse_service
from fastapi_fleet.reconcile.status_writer import status_patch
from fastapi_fleet.resources.render import ServiceManifests, render_fastapi_service
from fastapi_fleet.resources.service_inputs import ServiceInputs
from fastapi_fleet.status.facts import ServiceFacts
from fastapi_fleet.status.revisions import revision_of
from fastapi_fleet.status.service_status import compute_service_status

from operator_bench.fleet import Fleet

WRITES_PER_EDIT = 2
"""Deployment, status."""


@dataclass(frozen=True)
class BareWriter:
    """Does what the user does and then what an operator cannot do without. Returns the time of the user's answer."""

    fleet: Fleet

    async def create(self, name: str) -> float:
        service = await self.fleet.created(name)
        answered = time.perf_counter()
        manifests = _render(service)
        for manifest in manifests.prerequisites:
            await self.fleet.api.kube.apply(manifest)
        await self._deploy(service, manifests)
        for manifest in manifests.companions:
            await self.fleet.api.kube.apply(manifest)
        return answered

    async def edit_image(self, name: str, image: str) -> float:
        service = await self.fleet.edited(name, image)
        answered = time.perf_counter()
        await self._deploy(service, _render(service))
        return answered

    async def _deploy(self, service: Object, manifests: ServiceManifests) -> None:
        deployment = await self.fleet.api.kube.apply(manifests.workload)
        status = _status(service, parse_service(service), deployment)
        await self.fleet.api.kube.patch_status(key_of(service), status_patch(service.get("status") or {}, status))


def writes_per_service(fleet: Fleet) -> int:
    """Every child that a service of the run has, and its status."""
    service = fleet.manifest("any")
    unborn = {**service, "metadata": {**service["metadata"], "uid": ""}}
    return len(_render(unborn).all) + 1


def _render(service: Object) -> ServiceManifests:
    return render_fastapi_service(owner_from(service), parse_service(service), ServiceInputs())


def _status(service: Object, spec: FastAPIServiceSpec, deployment: Object) -> FastAPIServiceStatus:
    metadata = service["metadata"]
    facts = ServiceFacts(
        namespace=metadata["namespace"],
        name=metadata["name"],
        generation=metadata["generation"],
        spec=spec,
        revision=revision_of(deployment),
        deployment=deployment,
    )
    return compute_service_status(facts, FastAPIServiceStatus(), now=rfc3339(datetime.now(UTC)))
