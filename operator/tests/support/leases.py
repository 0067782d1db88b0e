"""A Lease in memory that several replicas want."""

from copy import deepcopy
from itertools import count

from fastapi_fleet.errors import ApiConflictError, ReconcileError
from fastapi_fleet.kube.kinds import Object, ObjectKey


class FakeLeases:
    """One Lease, replaced only by who knows its newest version. `failure` is raised by every call while it is set."""

    def __init__(self) -> None:
        self.lease: Object | None = None
        self.failure: ReconcileError | None = None
        self.calls = 0
        self._versions = count(1)

    @property
    def holder(self) -> str | None:
        return None if self.lease is None else self.lease["spec"]["holderIdentity"]

    async def get(self, key: ObjectKey) -> Object | None:
        self._count()
        assert key.kind == "Lease"
        return deepcopy(self.lease)

    async def create(self, obj: Object) -> Object:
        self._count()
        if self.lease is not None:
            raise ApiConflictError("it exists")
        return self._store(obj)

    async def replace(self, obj: Object) -> Object:
        self._count()
        if self.lease is None or obj["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise ApiConflictError("it has changed")
        return self._store(obj)

    def _store(self, obj: Object) -> Object:
        self.lease = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(next(self._versions))}}
        return deepcopy(self.lease)

    def _count(self) -> None:
        self.calls += 1
        if self.failure:
            raise self.failure
