"""A listing counts as over when it has shown no item for a while."""

from fastapi_fleet.kube.kinds import POD, SERVICE
from fastapi_fleet.reconcile.relists import QUIET_SECONDS, Relists
from support.time import ManualTime


def test_listing_is_over_once_it_is_quiet_and_told_once() -> None:
    time = ManualTime()
    relists = Relists(clock=time.clock)
    relists.saw_item(SERVICE)
    time.advance(QUIET_SECONDS - 0.1)
    assert relists.take_finished() == []
    time.advance(0.1)
    assert relists.take_finished() == [SERVICE]
    assert relists.take_finished() == []


def test_listing_that_goes_on_is_not_over() -> None:
    time = ManualTime()
    relists = Relists(clock=time.clock)
    for _ in range(5):
        relists.saw_item(SERVICE)
        time.advance(QUIET_SECONDS - 1)
    assert relists.take_finished() == []


def test_kinds_are_told_apart() -> None:
    time = ManualTime()
    relists = Relists(clock=time.clock)
    relists.saw_item(SERVICE)
    time.advance(QUIET_SECONDS)
    relists.saw_item(POD)
    assert relists.take_finished() == [SERVICE]
