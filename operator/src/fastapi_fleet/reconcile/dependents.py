"""Who looked at what: a change of an object wakes the passes that read it."""

from collections import defaultdict
from collections.abc import Iterable

from fastapi_fleet.kube.kinds import ObjectKey


class Dependents:
    """Reverse map from an object to the keys whose last pass read it. An object need not exist to be waited for."""

    def __init__(self) -> None:
        self._read_by: dict[ObjectKey, set[ObjectKey]] = {}
        self._readers: defaultdict[ObjectKey, set[ObjectKey]] = defaultdict(set)

    def record(self, reader: ObjectKey, read: Iterable[ObjectKey]) -> frozenset[ObjectKey]:
        """Replace what `reader` is woken by. Returns what it reads now and did not before, or no longer."""
        wanted = set(read)
        known = self._read_by.get(reader, set())
        for key in known - wanted:
            self._readers[key].discard(reader)
            if not self._readers[key]:
                del self._readers[key]
        for key in wanted - known:
            self._readers[key].add(reader)
        if wanted:
            self._read_by[reader] = wanted
        else:
            self._read_by.pop(reader, None)
        return frozenset(known ^ wanted)

    def of(self, key: ObjectKey) -> frozenset[ObjectKey]:
        return frozenset(self._readers.get(key, ()))
