"""A limit on attempts, for each of many keys, in memory of a bounded size."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from time import monotonic

from fleetkit.problems import TooManyRequestsError

MAX_KEYS = 10_000


@dataclass
class _Bucket:
    left: float
    at: float


class RateLimiter:
    """A bucket of attempts for each key: full at first, and refilled evenly within a minute.

    Where there are more keys than are kept, the one not used for longest is forgotten.

    Args:
        per_minute: the attempts that a full bucket holds.
        max_keys: the most buckets that are kept.
        clock: seconds that never go back.
    """

    def __init__(self, per_minute: int, *, max_keys: int = MAX_KEYS, clock: Callable[[], float] = monotonic) -> None:
        self._capacity = float(per_minute)
        self._per_second = per_minute / 60
        self._max_keys = max_keys
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    @contextmanager
    def attempt(self, key: str, *, counted: type[Exception]) -> Iterator[None]:
        """Lets one attempt be made, which counts where it ends with an error of the kind `counted`.

        It is taken before and given back after, so that attempts made at the same time are limited too.

        Raises:
            TooManyRequestsError: none is left; it says when there will be one.
        """
        self._take(key)
        is_counted = False
        try:
            yield
        except counted:
            is_counted = True
            raise
        finally:
            if not is_counted:
                self._give_back(key)

    def _take(self, key: str) -> None:
        bucket = self._refilled(key)
        if bucket.left < 1:
            wait = ceil((1 - bucket.left) / self._per_second)
            raise TooManyRequestsError("Too many attempts", retry_after_seconds=wait)
        bucket.left -= 1

    def _give_back(self, key: str) -> None:
        bucket = self._refilled(key)
        bucket.left = min(self._capacity, bucket.left + 1)

    def _refilled(self, key: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.setdefault(key, _Bucket(self._capacity, now))
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._max_keys:
            self._buckets.popitem(last=False)
        bucket.left = min(self._capacity, bucket.left + (now - bucket.at) * self._per_second)
        bucket.at = now
        return bucket
