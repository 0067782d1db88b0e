"""The files of a new service."""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from keyword import iskeyword
from typing import Final

NAME: Final = "@name@"
"""Stands in the templates for the name of the service."""

SUFFIX: Final = ".tmpl"
"""Ends the name of every template: what checks this project's own code leaves them alone."""

DEPENDENCIES: Final = frozenset({"fleetkit", "mypy", "pytest", "pytest-asyncio", "ruff"})
"""Distributions that a new service depends on: one of such a name would depend on itself."""


class BadNameError(ValueError):
    """The message says what a name must be."""


def service_files(name: str) -> dict[str, str]:
    """Texts by path within the service's folder. Raises BadNameError."""
    _require_usable(name)
    templates = files("fastapi_fleet.scaffold") / "template"
    return {path: template.read_text(encoding="utf-8").replace(NAME, name) for path, template in _all(templates, "")}


def _require_usable(name: str) -> None:
    """It becomes the name of objects in a cluster, of a distribution and, with underscores, of things in Python."""
    is_label = name.isascii() and name.replace("-", "a").isalnum() and name == name.lower()
    if not is_label or not name[0].isalpha() or name.endswith("-"):
        raise BadNameError("it has lower case letters, digits and hyphens, a letter first and no hyphen last")
    if iskeyword(name.replace("-", "_")):
        raise BadNameError("it is a keyword of Python")
    if name in DEPENDENCIES:
        raise BadNameError("every new service depends on the package of that name")


def _all(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _all(entry, f"{path}{entry.name}/")
        elif entry.name.endswith(SUFFIX):
            yield f"{path}{entry.name.removesuffix(SUFFIX)}", entry
