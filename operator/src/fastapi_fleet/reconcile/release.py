"""What a service that is deleted has on the backends: its logins end, its data stays or goes by its policy."""

from dataclasses import dataclass

from fastapi_fleet.api.database_spec import DeletionPolicy
from fastapi_fleet.errors import BackendUnavailableError
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.kinds import SECRET, Object, ObjectKey
from fastapi_fleet.reconcile.backing_services import BackingServices
from fastapi_fleet.reconcile.credentials import ServiceIdentity
from fastapi_fleet.resources import names
from fastapi_fleet.resources.secret import decode


@dataclass(frozen=True)
class Left:
    """What of a service was not released, and why. `kept`: the data that its policy would have deleted, if any.

    `failure`: of a server that may answer later; None where nobody offers one any more.
    """

    kept: str | None
    why: str
    failure: BackendUnavailableError | None


class Release:
    """Releases what a service has, one backend even where the other's does not answer."""

    def __init__(self, cache: ObjectCache, backing: BackingServices) -> None:
        self._cache = cache
        self._backing = backing

    async def release(self, identity: ServiceIdentity, spec: Object) -> list[Left]:
        """`spec` as it was last, which need not be valid. Returns what is left."""
        left = [
            await self._release(identity, "database", names.DATABASE_URL, spec),
            await self._release(identity, "broker", names.RABBITMQ_URL, spec),
        ]
        return [item for item in left if item is not None]

    async def _release(self, identity: ServiceIdentity, field: str, url: str, spec: Object) -> Left | None:
        if spec.get(field) is None and not self._may_have(identity, url):
            return None
        policy = _deletion_policy(spec.get(field))
        kept = _data(field, identity) if policy == "Delete" else None
        release = self._backing.release_database if field == "database" else self._backing.release_broker
        try:
            obstacle = await release(identity, policy)
        except BackendUnavailableError as error:
            return Left(kept, error.message, error)
        return Left(kept, obstacle, None) if obstacle and kept else None

    def _may_have(self, identity: ServiceIdentity, url: str) -> bool:
        """Whether the service's Secret tells of a login that its spec does not ask for any more, or cannot be asked."""
        secret = self._cache.get(ObjectKey(SECRET.name, identity.namespace, names.secret(identity.service)))
        return secret is None or url in decode(secret)


def _deletion_policy(wanted: object) -> DeletionPolicy:
    """What does not say Delete keeps its data."""
    return "Delete" if isinstance(wanted, dict) and wanted.get("deletionPolicy") == "Delete" else "Retain"


def _data(field: str, identity: ServiceIdentity) -> str:
    if field == "database":
        return f"database {identity.database}"
    return f"queues and exchanges of {identity.service} in virtual host {identity.virtual_host}"
