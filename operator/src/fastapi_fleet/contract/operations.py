"""The operations of a document, by what a caller calls."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi_fleet.contract.document import Node

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_PARAMETER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Operation:
    path: str
    method: str
    place: Node
    shared: Node
    """The path item, whose parameters hold for each of its methods."""

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def route(self) -> str:
        """Without the names of path parameters: no caller sees them."""
        return _PARAMETER.sub("{}", self.path)

    @property
    def path_parameters(self) -> list[str]:
        return _PARAMETER.findall(self.path)


def operations(root: Node) -> dict[tuple[str, str], Operation]:
    found: dict[tuple[str, str], Operation] = {}
    for operation in _all(root):
        found.setdefault((operation.route, operation.method), operation)
    return found


def _all(root: Node) -> Iterator[Operation]:
    paths = root.get("paths")
    for path, item in (paths.children() if paths is not None else {}).items():
        if path.startswith("x-"):
            continue
        shared = item.target()
        for method, place in shared.children().items():
            if method in METHODS:
                yield Operation(path, method, place, shared)
