"""Files of environment variables: .env and those of env_file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi_fleet.compose.interpolation import Use, interpolate

_LINE = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)\s*(?:=\s*(?P<value>.*))?")
_ESCAPES = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\\\": "\\"}


@dataclass(frozen=True)
class DotenvValue:
    text: str
    made_of: tuple[str, ...]
    """Variables that the value was put together from."""


def parse_dotenv(text: str, variables: Mapping[str, str]) -> dict[str, DotenvValue]:
    """Values by name. What stands in single quotes is taken literally; elsewhere `variables` and lines above count.

    Raises:
        BadInterpolationError: a value breaks the syntax of variables.
    """
    values: dict[str, DotenvValue] = {}
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        if found and found["value"] is not None:
            above = {name: value.text for name, value in values.items()}
            values[found["name"]] = _value(found["value"].strip(), {**above, **variables})
        elif found and found["name"] in variables:
            values[found["name"]] = DotenvValue(variables[found["name"]], (found["name"],))
    return values


def _value(text: str, variables: Mapping[str, str]) -> DotenvValue:
    use = Use()
    if quoted := re.fullmatch(r"'([^']*)'(?:\s+#.*)?", text):
        return DotenvValue(quoted[1], ())
    if quoted := re.fullmatch(r'"((?:[^"\\]|\\.)*)"(?:\s+#.*)?', text):
        text = re.sub(r"\\.", lambda escape: _ESCAPES.get(escape[0], escape[0]), quoted[1])
    else:
        text = re.sub(r"(^|\s+)#.*", "", text)
    return DotenvValue(interpolate(text, variables, use), tuple(use.names))
