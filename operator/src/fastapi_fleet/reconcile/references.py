"""Secrets and ConfigMaps that specs refer to: they carry no label of the operator's, so no watch shows a change.

Their versions are looked at again and again, by listing metadata where one is referred to; see docs/adr/0013.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping

import structlog

from fastapi_fleet.errors import ReconcileError
from fastapi_fleet.kube.client import KubeClient
from fastapi_fleet.kube.kinds import BY_NAME, Kind, Object, ObjectKey, key_of
from fastapi_fleet.reconcile.dependents import Dependents
from fastapi_fleet.reconcile.intake import Intake

PERIOD_SECONDS = 5.0
"""How often each place is looked at: every kind of reference in every namespace is one."""

LEAST_PAUSE_SECONDS = 0.2
"""Between two looks. From 25 places on it is this that decides, so that no number of them keeps the operator busy."""

log = structlog.get_logger(__name__)

Place = tuple[Kind, str]


def version_of(obj: Object) -> str:
    """What another content cannot have."""
    return f"{obj['metadata']['uid']}/{obj['metadata']['resourceVersion']}"


class References:
    def __init__(self, *, kube: KubeClient, dependents: Dependents, intake: Intake) -> None:
        self._kube = kube
        self._dependents = dependents
        self._intake = intake
        self._known: dict[ObjectKey, str | None] = {}

    def saw(self, references: Mapping[ObjectKey, Object | None]) -> None:
        """What a pass read; None is absent. Any other version wakes the passes that read the object."""
        for key, obj in references.items():
            self._known[key] = None if obj is None else version_of(obj)

    async def run(self) -> None:
        """Look at one place after the other, evenly over the period. Runs until it is cancelled."""
        while True:
            places = self.places()
            for kind, namespace in places:
                await self._look_safely(kind, namespace)
                await asyncio.sleep(max(PERIOD_SECONDS / len(places), LEAST_PAUSE_SECONDS))
            if not places:
                await asyncio.sleep(PERIOD_SECONDS)

    def places(self) -> list[Place]:
        """Where something is that a pass reads. What none reads any more is forgotten."""
        self._known = {key: version for key, version in self._known.items() if self._dependents.of(key)}
        return [(BY_NAME[kind], namespace) for kind, namespace in sorted({key[:2] for key in self._known})]

    async def look(self, kind: Kind, namespace: str) -> None:
        """Compare with what the passes read. Raises ReconcileError when the API server does not tell."""
        referred = [key for key in self._known if (key.kind, key.namespace) == (kind.name, namespace)]
        only = referred[0].name if len(referred) == 1 else None
        listed = await self._kube.list_metadata(kind, namespace, only)
        versions: defaultdict[ObjectKey, str | None] = defaultdict(lambda: None)
        versions.update({key_of(obj): version_of(obj) for obj in listed})
        for key in referred:
            if self._known.get(key) != versions[key]:
                self._known[key] = versions[key]
                log.info("Reference has changed", reference=str(key))
                self._intake.wake_dependents(key)

    async def _look_safely(self, kind: Kind, namespace: str) -> None:
        try:
            await self.look(kind, namespace)
        except ReconcileError as error:
            log.warning("Could not look at references", kind=kind.name, namespace=namespace, error=error.message)
