"""The work queue under every order of events: no key is worked on twice at once, and none is lost."""

from fastapi_fleet.kube.kinds import ObjectKey
from fastapi_fleet.reconcile.queue import Lane, WorkQueue
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from support.time import ManualTime

keys = st.sampled_from([ObjectKey("FastAPIService", "team", name) for name in "abcd"])
lanes = st.sampled_from(list(Lane))


class QueueMachine(RuleBasedStateMachine):
    """`wanted` is the model: keys that must still come, and `delayed` those that must come by some time."""

    under_way = Bundle("under_way")

    def __init__(self) -> None:
        super().__init__()
        self.time = ManualTime()
        self.queue = WorkQueue(call_later=self.time.call_later, random=lambda: 0.5, clock=self.time.clock)
        self.wanted: set[ObjectKey] = set()
        self.processing: set[ObjectKey] = set()
        self.delayed: dict[ObjectKey, float] = {}

    @rule(key=keys, lane=lanes)
    def add(self, key: ObjectKey, lane: Lane) -> None:
        self.queue.add(key, lane)
        self.wanted.add(key)

    @rule(key=keys, seconds=st.integers(1, 30))
    def add_after(self, key: ObjectKey, seconds: int) -> None:
        self.queue.add_after(key, seconds)
        self._wish(key, seconds)

    @rule(target=under_way)
    def take(self) -> object:
        """A worker takes the next key where one may be taken."""
        if not self.wanted - self.processing:
            return multiple()
        key = _run_to_the_end(self.queue)
        assert key in self.wanted, "nobody asked for it"
        assert key not in self.processing, "it is worked on already"
        self.wanted.remove(key)
        self.processing.add(key)
        return key

    @rule(key=consumes(under_way))
    def succeed(self, key: ObjectKey) -> None:
        self.queue.succeeded(key)
        self.delayed.pop(key, None)
        self._give_back(key)

    @rule(key=consumes(under_way))
    def fail(self, key: ObjectKey) -> None:
        self._wish(key, self.queue.retry(key))
        self._give_back(key)

    @rule(seconds=st.integers(1, 60))
    def wait(self, seconds: int) -> None:
        self.time.advance(seconds)
        due = {key for key, at in self.delayed.items() if at <= self.time.now}
        self.wanted |= due
        self.delayed = {key: at for key, at in self.delayed.items() if key not in due}

    @invariant()
    def depth_is_what_is_wanted(self) -> None:
        assert self.queue.depth == len(self.wanted)

    @invariant()
    def one_timer_for_each_delayed_key(self) -> None:
        assert self.time.pending == sorted(at - self.time.now for at in self.delayed.values())

    def teardown(self) -> None:
        """Whatever was asked for comes in the end."""
        for key in self.processing.copy():
            self._give_back(key)
        left = {_run_to_the_end(self.queue) for _ in range(len(self.wanted))}
        assert left == self.wanted
        assert self.queue.depth == 0

    def _wish(self, key: ObjectKey, seconds: float) -> None:
        self.delayed[key] = min(self.delayed.get(key, float("inf")), self.time.now + seconds)

    def _give_back(self, key: ObjectKey) -> None:
        self.queue.done(key)
        self.processing.discard(key)


def _run_to_the_end(queue: WorkQueue) -> ObjectKey:
    """`queue.get()` where a key is there: it ends without ever waiting, so it needs no event loop."""
    coroutine = queue.get()
    try:
        coroutine.send(None)
    except StopIteration as end:
        key: ObjectKey = end.value
        return key
    coroutine.close()
    raise AssertionError("the queue keeps back a key that may be worked on")


QueueMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestQueueMachine = QueueMachine.TestCase
