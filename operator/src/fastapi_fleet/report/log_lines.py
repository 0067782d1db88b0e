"""A line of a log as people read it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_SAID_FIRST: Final = frozenset({"timestamp", "level", "event", "exception"})


@dataclass(frozen=True)
class LogLine:
    """`level` is empty where the line is not of the form that services write. `details`: lines below it."""

    level: str
    text: str
    details: tuple[str, ...] = ()


def readable(line: str) -> LogLine:
    """Time, level and event of a JSON line, then its other fields; any other line as it is.

    Nothing that would steer a terminal is left in it.
    """
    try:
        fields = json.loads(line)
    except ValueError:
        fields = None
    if not isinstance(fields, dict) or not isinstance(fields.get("event"), str):
        return LogLine("", _harmless(line))
    level = str(fields.get("level", ""))
    others = (f"{name}={_word(value)}" for name, value in fields.items() if name not in _SAID_FIRST)
    parts = (str(fields.get("timestamp", "")), f"{level:<7}", fields["event"], *others)
    details = tuple(_harmless(detail) for detail in _traceback(fields.get("exception")))
    return LogLine(level, _harmless(" ".join(part for part in parts if part.strip())), details)


def _word(value: object) -> str:
    plain = isinstance(value, str) and value != "" and not any(character in value for character in ' "=')
    return str(value) if plain else json.dumps(value, ensure_ascii=False)


def _traceback(exception: Any) -> Iterator[str]:  # noqa: ANN401 - JSON data
    """Of structlog's two forms: a text, or a list with the frames of each exception."""
    if isinstance(exception, str):
        yield from exception.splitlines()
    for raised in exception if isinstance(exception, list) else ():
        yield from _raised(raised)


def _raised(raised: Mapping[str, Any]) -> Iterator[str]:
    for frame in raised.get("frames") or ():
        yield f'  File "{frame.get("filename")}", line {frame.get("lineno")}, in {frame.get("name")}'
    yield f"{raised.get('exc_type')}: {raised.get('exc_value')}"


def _harmless(text: str) -> str:
    return "".join(
        character if character.isprintable() or character == "\t" else ascii(character)[1:-1] for character in text
    )
