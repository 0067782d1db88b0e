"""Pages of a list by an opaque cursor: what is inserted or deleted meanwhile neither repeats nor hides the rest."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Generic, Self, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from fastapi.exceptions import RequestValidationError

from fleetkit.database import Row

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_CURSOR_LENGTH = 200
Item = TypeVar("Item")


class InvalidCursorError(ValueError):
    """The text was not made by `Cursor.encode`."""


@dataclass(frozen=True)
class Cursor:
    """A place in a list that is ordered by time and, where times are equal, by id."""

    at: datetime
    id: UUID

    def encode(self) -> str:
        """The cursor as text for a URL; its form may change, callers only hand it back."""
        return base64.urlsafe_b64encode(f"{self.at.isoformat()} {self.id}".encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Self:
        """Reads what `encode` wrote.

        Raises:
            InvalidCursorError: it is something else.
        """
        padded = text + "=" * (-len(text) % 4)
        try:
            at, _, item_id = base64.b64decode(padded, altchars=b"-_", validate=True).decode().partition(" ")
            return cls(datetime.fromisoformat(at).astimezone(UTC), UUID(item_id))
        except (binascii.Error, ValueError, OverflowError) as error:
            raise InvalidCursorError("is no cursor of this list") from error


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
    cursor: Annotated[
        str | None, Query(max_length=MAX_CURSOR_LENGTH, description="`next_cursor` of the page before")
    ] = None,
) -> PageRequest:
    """Reads which page is asked for.

    Raises:
        RequestValidationError: the cursor is none of this service.
    """
    try:
        return PageRequest(limit, None if cursor is None else Cursor.decode(cursor))
    except InvalidCursorError as error:
        problem = {"type": "cursor", "loc": ("query", "cursor"), "msg": str(error)}
        raise RequestValidationError([problem]) from error


RequestedPage = Annotated[PageRequest, Depends(page_request)]
