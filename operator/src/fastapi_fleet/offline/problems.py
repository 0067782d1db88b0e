"""What is wrong, and where."""

import re
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Way to a value within a document: keys and positions."""


@dataclass(frozen=True)
class Refusal:
    """A field that is not as it must be."""

    path: Path
    message: str


@dataclass(frozen=True)
class Problem:
    """What is wrong in a file. `kind`, `name` and `field` are empty where it is not about a field of a resource."""

    file: str
    line: int
    message: str
    kind: str = ""
    name: str = ""
    field: str = ""

    def __str__(self) -> str:
        about = f"{self.kind} {self.name}".strip()
        return ": ".join(part for part in (f"{self.file}:{self.line}", about, self.field, self.message) if part)


def field_name(path: Path) -> str:
    """As people write it: spec.env[0].name."""
    written = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return written.removeprefix(".")


_PART = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\[([^\]]+)\]")


def path_of(field: str) -> Path:
    """The way back. What stands in brackets and is no number is a key, which may have dots."""
    return tuple(int(at) if at else word or key for word, at, key in _PART.findall(field))
