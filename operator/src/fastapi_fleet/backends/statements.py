"""Statements that the server itself quotes, and what they are for."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Statement:
    """A statement for the server's `format()`: %I quotes an identifier, %L a literal, %s takes what it has quoted."""

    template: str
    arguments: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Repair:
    """Statements that take effect together, and what they do in words. `inside`: they run in the service's database."""

    words: str
    statements: tuple[Statement, ...]
    inside: bool = False
