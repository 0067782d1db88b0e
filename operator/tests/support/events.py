"""Where Events go in tests."""

from fastapi_fleet.errors import ApiConflictError, ReconcileError
from fastapi_fleet.kube.kinds import Object, ObjectKey, key_of


class FakeEventSink:
    """`failure` is raised by every call while it is set. No name is taken twice, also after `created` was emptied."""

    def __init__(self) -> None:
        self.created: list[Object] = []
        self.failure: ReconcileError | None = None
        self._taken: set[ObjectKey] = set()

    async def create(self, obj: Object) -> Object:
        if self.failure is not None:
            raise self.failure
        if key_of(obj) in self._taken:
            raise ApiConflictError("it exists")
        self._taken.add(key_of(obj))
        self.created.append(obj)
        return obj
