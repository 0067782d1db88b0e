"""What a pass asks of the Kubernetes API."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from fastapi_fleet.kube.kinds import Kind, Object, ObjectKey

WatchEvent = tuple[str, Object]
"""ADDED, MODIFIED or DELETED, and the object as it is then."""


class KubeClient(Protocol):
    """Ten calls on plain dicts.

    Every call raises ApiUnavailableError, ApiConflictError or ApiRefusedError; a missing object is None, not an error.
    """

    async def get(self, key: ObjectKey) -> Object | None: ...

    async def list_objects(self, kind: Kind, namespace: str | None, label_selector: str | None) -> list[Object]: ...

    async def list_metadata(self, kind: Kind, namespace: str, name: str | None) -> list[Object]:
        """Metadata without contents of a namespace's objects, or of the one of that name.

        As the API server's memory has them, which may be some moments old: nothing is read from its store.
        """
        ...

    async def read_log(self, pod: ObjectKey, container: str, *, lines: int, limit: int) -> list[bytes]:
        """The last lines that a container has written, `limit` bytes of them. Raises NoLogError too."""
        ...

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


class KindWatcher(Protocol):
    """What is asked about kinds that a cluster may lack. Both raise ReconcileError as every call of KubeClient does."""

    async def serves(self, kind: Kind) -> bool:
        """Whether the API server has the kind in this very version."""
        ...

    def watch(
        self, kind: Kind, namespace: str | None, label_selector: str | None
    ) -> AbstractAsyncContextManager[AsyncIterator[WatchEvent]]:
        """Every object as ADDED, and then what becomes of them. Entered once the API server has begun to answer.

        It ends after some minutes, and is to be opened anew then.
        """
        ...
