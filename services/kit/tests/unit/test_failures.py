import pytest
from fleetkit.events.failures import ATTEMPTS_HEADER, MAX_REASON_LENGTH, REASON_HEADER, Failure, attempts_in


def test_says_the_first_line_of_the_error_and_how_often_it_was_tried() -> None:
    failure = Failure.of(RuntimeError("out of wood\nand of nails"), event_type="thing.made", attempts=2)
    assert (failure.reason, failure.exception) == ("out of wood", "RuntimeError")
    assert attempts_in(failure.headers()) == 2


def test_a_reason_is_short_however_long_the_error() -> None:
    failure = Failure.of(RuntimeError("x" * 10_000), event_type="thing.made", attempts=1)
    assert len(failure.reason) == MAX_REASON_LENGTH


def test_a_reason_can_be_encoded_whatever_the_error_quotes() -> None:
    failure = Failure.of(RuntimeError("half of a pair: \ud83d"), event_type="thing.made", attempts=1)
    assert str(failure.headers()[REASON_HEADER]).encode() == b"half of a pair: \\ud83d"


@pytest.mark.parametrize("attempts", ["", "-1", "many", "\u00b2", "9" * 5000])
def test_an_event_with_another_number_of_attempts_has_none(attempts: str) -> None:
    assert attempts_in({ATTEMPTS_HEADER: attempts}) == 0
