"""What a person has to know about a conversion, each with its place in the file."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

Path = tuple[str | int, ...]
LineOf = Callable[[Path], int | None]


class NoteKind(StrEnum):
    TO_DO = "to do"
    """Something is to be done before or after applying."""

    CHANGED = "changed"
    """Carried over, and not word for word."""

    LEFT_OUT = "left out"
    """Not carried over."""


@dataclass(frozen=True)
class Note:
    kind: NoteKind
    path: str
    line: int | None
    message: str


class Notes:
    """A list of notes, written to from one place of the file."""

    def __init__(self, line_of: LineOf, place: Path = (), written: list[Note] | None = None) -> None:
        self._line_of = line_of
        self._place = place
        self.written: list[Note] = [] if written is None else written

    def at(self, *path: str | int) -> Self:
        """The same list, written to from a place below this one."""
        return type(self)(self._line_of, (*self._place, *path), self.written)

    def to_do(self, message: str) -> None:
        self._write(NoteKind.TO_DO, message)

    def changed(self, message: str) -> None:
        self._write(NoteKind.CHANGED, message)

    def left_out(self, message: str) -> None:
        self._write(NoteKind.LEFT_OUT, message)

    def _write(self, kind: NoteKind, message: str) -> None:
        note = Note(kind, dotted(self._place), self._line_of(self._place), message)
        if note not in self.written:
            self.written.append(note)


def dotted(path: Path) -> str:
    """As people write it: services.users.ports[0]."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
