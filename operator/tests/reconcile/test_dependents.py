"""Who is woken by what."""

from fastapi_fleet.kube.kinds import ObjectKey
from fastapi_fleet.reconcile.dependents import Dependents
from hypothesis import given
from hypothesis import strategies as st

A, B, C = (ObjectKey("FastAPIService", "team", name) for name in "abc")


def test_reader_is_found_by_what_it_read() -> None:
    dependents = Dependents()
    dependents.record(A, [B, C])
    dependents.record(B, [C])
    assert dependents.of(C) == {A, B}
    assert dependents.of(B) == {A}
    assert dependents.of(A) == frozenset()


def test_last_pass_counts() -> None:
    dependents = Dependents()
    dependents.record(A, [B])
    dependents.record(A, [C])
    assert dependents.of(B) == frozenset()
    assert dependents.of(C) == {A}


def test_reader_that_is_gone_is_forgotten() -> None:
    dependents = Dependents()
    dependents.record(A, [B])
    dependents.record(A, [])
    assert dependents.of(B) == frozenset()


keys = st.sampled_from([A, B, C])


@given(st.lists(st.tuples(keys, st.sets(keys))))
def test_both_directions_agree_after_any_history(history: list[tuple[ObjectKey, set[ObjectKey]]]) -> None:
    dependents = Dependents()
    for reader, read in history:
        dependents.record(reader, read)
    last = dict(history)
    for key in (A, B, C):
        assert dependents.of(key) == {reader for reader, read in last.items() if key in read}
