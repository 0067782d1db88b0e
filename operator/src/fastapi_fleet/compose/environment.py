"""The variables of a Compose service, from env_file and environment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi_fleet.compose.dotenv import parse_dotenv
from fastapi_fleet.compose.interpolation import BadInterpolationError, names_in, only_variable
from fastapi_fleet.compose.models import ComposeService, as_variables
from fastapi_fleet.compose.notes import Notes, Path
from fastapi_fleet.compose.secret_names import is_secret_name, is_secret_value

ReadFile = Callable[[str], str | None]
"""Text of a file that the Compose file names; None where it is not there."""


@dataclass(frozen=True)
class Variable:
    name: str
    value: str
    made_of: tuple[str, ...]
    """Variables that the value was put together from."""
    is_one: bool
    """Whether it is one of them and nothing else."""
    path: Path

    @property
    def source(self) -> str:
        """The same for two variables that must go on having the same value."""
        return f"${self.made_of[0]}" if self.is_one else self.value

    @property
    def is_secret(self) -> bool:
        return any(is_secret_name(name) for name in (self.name, *self.made_of)) or is_secret_value(self.value)


def variables_of(
    service: ComposeService, raw: Mapping[str, Any], read: ReadFile, given: Mapping[str, str], notes: Notes
) -> list[Variable]:
    """In the order of the file; what environment says counts before what files say."""
    found = {variable.name: variable for variable in _of_files(service, read, given, notes)}
    written = as_variables(raw.get("environment") or {})
    raw_values: Mapping[str, Any] = written if isinstance(written, dict) else {}
    for at, (name, value) in enumerate(service.environment.items()):
        path = ("environment", at if isinstance(raw.get("environment"), list) else name)
        variable = _variable(name, value, raw_values.get(name), given, path)
        if variable is None:
            notes.at(*path).left_out(f"{name} has no value here: it is passed on from where Compose runs")
        else:
            found[name] = variable
    return list(found.values())


def _variable(name: str, value: str | None, raw: object, given: Mapping[str, str], path: Path) -> Variable | None:
    if value is None:
        known = name in given or is_secret_name(name)
        return Variable(name, given.get(name, ""), (name,), is_one=True, path=path) if known else None
    text = raw if isinstance(raw, str) else ""
    return Variable(name, value, names_in(text), is_one=only_variable(text) is not None, path=path)


def _of_files(service: ComposeService, read: ReadFile, given: Mapping[str, str], notes: Notes) -> list[Variable]:
    found: list[Variable] = []
    for at, file in enumerate(service.env_file):
        here = notes.at("env_file", at)
        text = read(file.path)
        if text is None:
            here.left_out(f"{file.path} is not there to be read: add its variables to config and secrets")
            continue
        try:
            values = parse_dotenv(text, given)
        except BadInterpolationError as error:
            here.left_out(f"{file.path} cannot be read: {error}")
            continue
        found += [
            Variable(name, value.text, value.made_of, is_one=False, path=("env_file", at))
            for name, value in values.items()
        ]
    return found
