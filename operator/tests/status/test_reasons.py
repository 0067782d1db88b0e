"""No reason is in the vocabulary that no test produces."""

import ast
from collections.abc import Iterator
from pathlib import Path

from fastapi_fleet.api.conditions import Reason

TESTS = Path(__file__).parents[1]


def test_every_reason_is_produced_by_a_test() -> None:
    told = {word for file in TESTS.rglob("test_*.py") for word in _words(ast.parse(file.read_text()))}
    assert [reason for reason in Reason if not {reason.name, reason.value} & told] == []


def _words(module: ast.Module) -> Iterator[str]:
    """The strings of a module and the names of the reasons that it refers to."""
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason":
            yield node.attr
