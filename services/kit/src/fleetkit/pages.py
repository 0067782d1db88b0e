"""Pages of a list by an opaque cursor: what is inserted or deleted meanwhile neither repeats nor hides the rest."""

import base64
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Generic, Self, TypeVar
from uuid import UUID

from fastapi import Depends, Query

from fleetkit.database import Row

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
CURSOR_PATTERN = "^[A-Za-z0-9_-]{32}$"
_START_OF_TIME = datetime.min.replace(tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LAST_MICROSECOND = (datetime.max.replace(tzinfo=UTC) - _START_OF_TIME) // _MICROSECOND
# Microseconds and id: 24 bytes, which need no padding in base64.
_PACKED = struct.Struct(">Q16s")
Item = TypeVar("Item")


class InvalidCursorError(ValueError):
    """The text has not the form of a cursor."""


@dataclass(frozen=True)
class Cursor:
    """A place in a list that is ordered by time and, where times are equal, by id."""

    at: datetime
    id: UUID

    def encode(self) -> str:
        """The cursor as text for a URL; its form may change, callers only hand it back."""
        packed = _PACKED.pack((self.at - _START_OF_TIME) // _MICROSECOND, self.id.bytes)
        return base64.urlsafe_b64encode(packed).decode()

    @classmethod
    def decode(cls, text: str) -> Self:
        """Reads what `encode` wrote. Whatever else has the form of a cursor is a place in the list, too.

        Raises:
            InvalidCursorError: it has another form.
        """
        if not re.fullmatch(CURSOR_PATTERN, text):
            raise InvalidCursorError("has not the form of a cursor")
        microseconds, item_id = _PACKED.unpack(base64.urlsafe_b64decode(text))
        return cls(_START_OF_TIME + min(microseconds, _LAST_MICROSECOND) * _MICROSECOND, UUID(bytes=item_id))


@dataclass(frozen=True)
class PageRequest:
    """Which page is asked for: up to `limit` items that follow `after`, from the beginning where it is None."""

    limit: int = DEFAULT_LIMIT
    after: Cursor | None = None


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some items of a list, and where the next page begins: None where this is the last."""

    items: tuple[Item, ...]
    next: Cursor | None = None

    @property
    def next_cursor(self) -> str | None:
        """`next` as the caller gets it."""
        return self.next.encode() if self.next else None

    @classmethod
    def of_rows(cls, rows: Sequence[Row], limit: int, read: Callable[[Row], Item]) -> Self:
        """Makes a page of rows with the columns `created_at` and `id`.

        Args:
            rows: up to `limit + 1`, of which the last only tells that there is more.
            limit: the most items on the page.
            read: makes an item of a row.
        """
        shown = rows[:limit]
        following = Cursor(shown[-1]["created_at"], shown[-1]["id"]) if len(rows) > limit else None
        return cls(tuple(read(row) for row in shown), following)


async def page_request(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Most items on the page")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(pattern=CURSOR_PATTERN, description="`next_cursor` of the page before")] = None,
) -> PageRequest:
    """Reads which page is asked for."""
    return PageRequest(limit, None if cursor is None else Cursor.decode(cursor))


RequestedPage = Annotated[PageRequest, Depends(page_request)]
