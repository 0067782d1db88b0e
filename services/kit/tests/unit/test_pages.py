import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fleetkit.pages import Cursor, InvalidCursorError, Page
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def rows_of(count: int) -> list[Any]:
    return [{"id": uuid4(), "created_at": NOW + timedelta(seconds=second)} for second in range(count)]


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@given(at=st.datetimes(timezones=st.just(UTC)), item_id=st.uuids())
def test_a_cursor_survives_its_way_through_a_url(at: datetime, item_id: UUID) -> None:
    text = Cursor(at, item_id).encode()
    assert Cursor.decode(text) == Cursor(at, item_id)
    assert text.replace("-", "").replace("_", "").isalnum()


@given(text=st.text())
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        cursor = Cursor.decode(text)
    except InvalidCursorError:
        return
    assert cursor.at.tzinfo is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "abc",
        encoded("2026-01-01"),
        encoded("2026-01-01T00:00:00+00:00 nobody"),
        encoded(f"0001-01-01T00:00:00+23:59 {UUID(int=1)}"),
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
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
