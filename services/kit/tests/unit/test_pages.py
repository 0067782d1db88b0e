from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fleetkit.pages import CURSOR_PATTERN, Cursor, InvalidCursorError, Page
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def rows_of(count: int) -> list[Any]:
    return [{"id": uuid4(), "created_at": NOW + timedelta(seconds=second)} for second in range(count)]


@given(at=st.datetimes(timezones=st.just(UTC)), item_id=st.uuids())
def test_a_cursor_survives_its_way_through_a_url(at: datetime, item_id: UUID) -> None:
    text = Cursor(at, item_id).encode()
    assert Cursor.decode(text) == Cursor(at, item_id)
    assert text.replace("-", "").replace("_", "").isalnum()


@given(text=st.from_regex(CURSOR_PATTERN, fullmatch=True))
def test_whatever_has_the_form_of_a_cursor_is_one(text: str) -> None:
    assert Cursor.decode(text).at.tzinfo is UTC


@pytest.mark.parametrize("text", ["", "!", "a" * 31, "a" * 33, "a" * 31 + "=", "a" * 31 + "é", "a" * 32 + "\n"])
def test_what_has_another_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursorError):
        Cursor.decode(text)


def test_a_page_with_a_row_too_many_tells_where_the_next_begins() -> None:
    rows = rows_of(3)
    page = Page[UUID].of_rows(rows, 2, lambda row: row["id"])
    assert page.items == (rows[0]["id"], rows[1]["id"])
    assert page.next == Cursor(rows[1]["created_at"], rows[1]["id"])


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_last_page_has_no_next(count: int) -> None:
    page = Page[UUID].of_rows(rows_of(count), 2, lambda row: row["id"])
    assert (len(page.items), page.next_cursor) == (count, None)
