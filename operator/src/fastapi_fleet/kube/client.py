"""What a pass asks of the Kubernetes API."""

from collections.abc import Mapping
from typing import Any, Protocol

from fastapi_fleet.kube.kinds import Kind, Object, ObjectKey


class KubeClient(Protocol):
    """Eight calls on plain dicts.

    Every call raises ApiUnavailableError, ApiConflictError or ApiRefusedError; a missing object is None, not an error.
    """

    async def get(self, key: ObjectKey) -> Object | None: ...

    async def list_objects(self, kind: Kind, namespace: str | None, label_selector: str | None) -> list[Object]: ...

    async def apply(self, manifest: Object) -> Object:
        """Server-side apply of a whole manifest as the operator's field manager. Returns the object as it is then."""
        ...

    async def keep_replicas(self, obj: Object) -> Object:
        """Take the replicas of this object, as they are, for a field manager of their own.

        They stay then when the operator no longer sends them; the API server would set them to 1 otherwise.
        """
        ...

    async def correct(self, obj: Object, operations: list[dict[str, Any]]) -> Object:
        """JSON Patch on this very version of the object. Returns the object as it is then."""
        ...

    async def patch_status(self, key: ObjectKey, status: Mapping[str, Any]) -> Object | None:
        """Merge `status` into the status subresource; None removes a field. None when the object is gone."""
        ...

    async def set_finalizers(self, obj: Object, finalizers: list[str]) -> Object | None:
        """Replace the finalizers of the object, provided that it has not changed since. None when it is gone."""
        ...

    async def delete(self, obj: Object) -> None:
        """Delete this very object (by uid), not another that took its name. An absent object is fine."""
        ...
