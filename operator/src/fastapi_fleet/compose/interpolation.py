"""Variables in the values of a Compose file: $NAME, ${NAME}, and ${NAME:-default} with its relatives."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")


class BadInterpolationError(Exception):
    """The text breaks the syntax."""


@dataclass
class Use:
    """What the variables of a text turned out to be."""

    names: list[str] = field(default_factory=list)
    unset: list[str] = field(default_factory=list)
    """Replaced by nothing, for there was neither a value nor a default."""
    required: dict[str, str] = field(default_factory=dict)
    """Without a value, although the file demands one; with the file's own words about it."""


def interpolate(text: str, variables: Mapping[str, str], use: Use) -> str:
    """The text with its variables replaced, as Compose does it. `use` collects what there was.

    Raises:
        BadInterpolationError: the text breaks the syntax.
    """
    parts: list[str] = []
    at = 0
    while (dollar := text.find("$", at)) >= 0:
        parts.append(text[at:dollar])
        part, at = _one(text, dollar + 1, variables, use)
        parts.append(part)
    return "".join((*parts, text[at:]))


def names_in(text: str) -> tuple[str, ...]:
    """The variables that a text is put together from, those of defaults included. The text keeps the syntax."""
    use = Use()
    interpolate(text, {}, use)
    return tuple(dict.fromkeys(use.names))


def only_variable(text: str) -> str | None:
    """The variable that a text consists of, whatever its default; None where there is more to it."""
    if plain := re.fullmatch(r"\$([A-Za-z_][A-Za-z0-9_]*)", text):
        return plain[1]
    if not text.startswith("${") or _closing(text, 2) != len(text) - 1:
        return None
    named = _PLAIN.match(text, 2)
    return named[0] if named else None


def _one(text: str, at: int, variables: Mapping[str, str], use: Use) -> tuple[str, int]:
    """The value of what stands after a dollar, and where the text goes on."""
    if text.startswith("$", at):
        return "$", at + 1
    if text.startswith("{", at):
        end = _closing(text, at + 1)
        return _braced(text[at + 1 : end], variables, use), end + 1
    named = _PLAIN.match(text, at)
    if named is None:
        raise BadInterpolationError("a $ that begins no variable: write $$ for the character")
    return _value(named[0], variables, use), named.end()


def _closing(text: str, at: int) -> int:
    depth = 1
    for position in range(at, len(text)):
        if text.startswith("${", position):
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if depth == 0:
                return position
    raise BadInterpolationError("${ without its }")


def _braced(inside: str, variables: Mapping[str, str], use: Use) -> str:
    named = _PLAIN.match(inside)
    if named is None:
        raise BadInterpolationError("${ without the name of a variable")
    name, rest = named[0], inside[named.end() :]
    operator = _OPERATOR.match(rest)
    if not rest:
        return _value(name, variables, use)
    if operator is None:
        raise BadInterpolationError(f"${{{name}: one of - ? + is expected after the name")
    return _operated(name, operator[0], rest[operator.end() :], variables, use)


def _operated(name: str, operator: str, word: str, variables: Mapping[str, str], use: Use) -> str:
    use.names.append(name)
    value = variables.get(name)
    present = bool(value) if operator.startswith(":") else value is not None
    if operator.endswith("+"):
        return interpolate(word, variables, use) if present else ""
    if present:
        return value or ""
    if operator.endswith("-"):
        return interpolate(word, variables, use)
    use.required[name] = word or "required variable is missing a value"
    return ""


def _value(name: str, variables: Mapping[str, str], use: Use) -> str:
    use.names.append(name)
    if name not in variables:
        use.unset.append(name)
    return variables.get(name, "")
