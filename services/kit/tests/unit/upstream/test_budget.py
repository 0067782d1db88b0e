from bisect import bisect_left, bisect_right

import pytest
from fleetkit.upstream.budget import WINDOW_SECONDS, RetryBudget
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.upstream.clock import ManualClock

# Each step: how long nothing happens, how many calls are made, how often a repeat is asked for.
STEPS = st.lists(
    st.tuples(st.floats(min_value=0, max_value=15), st.integers(0, 60), st.integers(0, 30)), min_size=1, max_size=40
)


def make(calls: int, budget: RetryBudget) -> None:
    for _ in range(calls):
        budget.deposit()


def granted(asked: int, budget: RetryBudget) -> int:
    return sum(budget.withdraw() for _ in range(asked))


def test_grants_one_repeat_for_ten_calls() -> None:
    budget = RetryBudget(reserve=0, clock=ManualClock())
    make(30, budget)
    assert granted(100, budget) == 3


def test_grants_its_reserve_where_there_are_few_calls() -> None:
    budget = RetryBudget(reserve=1, clock=ManualClock())
    make(1, budget)
    assert granted(5, budget) == 1


def test_says_how_many_are_left() -> None:
    budget = RetryBudget(clock=ManualClock())
    make(40, budget)
    granted(1, budget)
    assert budget.left() == 3


@pytest.mark.parametrize(("seconds", "repeats"), [(WINDOW_SECONDS - 1, 2), (WINDOW_SECONDS, 0)])
def test_what_was_saved_in_good_times_expires(seconds: float, repeats: int) -> None:
    clock = ManualClock()
    budget = RetryBudget(reserve=0, clock=clock)
    make(20, budget)
    clock.advance(seconds)
    assert granted(10, budget) == repeats


@given(STEPS)
def test_repeats_never_exceed_a_tenth_of_the_calls(steps: list[tuple[float, int, int]]) -> None:
    clock = ManualClock()
    budget = RetryBudget(reserve=0, clock=clock)
    calls = repeats = 0
    for pause, more, asked in steps:
        clock.advance(pause)
        make(more, budget)
        calls += more
        repeats += granted(asked, budget)
        assert repeats <= calls * 0.1


@given(STEPS, st.integers(0, 3))
def test_repeats_of_any_window_are_paid_by_its_calls(steps: list[tuple[float, int, int]], reserve: int) -> None:
    clock = ManualClock()
    budget = RetryBudget(reserve=reserve, clock=clock)
    calls: list[int] = []
    repeats: list[int] = []
    for pause, more, asked in steps:
        clock.advance(pause)
        make(more, budget)
        calls += [int(clock())] * more
        repeats += [int(clock())] * granted(asked, budget)
    for last in repeats:
        first = last - WINDOW_SECONDS + 1
        within = [bisect_right(times, last) - bisect_left(times, first) for times in (repeats, calls)]
        assert within[0] <= max(reserve, within[1] * 0.1)
