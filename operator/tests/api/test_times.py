from datetime import UTC, datetime, timedelta, timezone

import pytest
from fastapi_fleet.api.times import Time, rfc3339, rfc3339_micro
from pydantic import TypeAdapter, ValidationError

NOON = datetime(2026, 11, 23, 12, 0, 0, 1500, tzinfo=UTC)
ELSEWHERE = NOON.astimezone(timezone(timedelta(hours=2)))


@pytest.mark.parametrize("moment", [NOON, ELSEWHERE])
def test_times_are_written_in_utc(moment: datetime) -> None:
    assert rfc3339(moment) == "2026-11-23T12:00:00Z"
    assert rfc3339_micro(moment) == "2026-11-23T12:00:00.001500Z"


def test_time_that_was_written_is_read_again() -> None:
    assert TypeAdapter(Time).validate_python(rfc3339(NOON)) == rfc3339(NOON)


@pytest.mark.parametrize("text", ["2026-11-23T12:00:00", "noon", ""])
def test_text_that_a_hand_has_spoilt_is_no_time(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Time).validate_python(text)
