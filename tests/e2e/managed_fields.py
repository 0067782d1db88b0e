"""Which fields of an object a writer has set, as the API server keeps account of it."""

import json
from collections.abc import Iterator
from typing import Any

from kubectl import Resource


def fields_of(manager: str, resource: Resource) -> Iterator[tuple[str, Any]]:
    """JSON pointer and value of each field that has no field of the manager's below it."""
    for entry in resource["metadata"]["managedFields"]:
        if entry["manager"] == manager:
            yield from _leaves(entry["fieldsV1"], resource, "")


def _leaves(fields: Resource, value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """`fields` has names as `f:NAME`, and items of lists as `k:{...}` of their keys. A set (`v:`) counts as one."""
    below = {field: rest for field, rest in fields.items() if field[:2] in {"f:", "k:"}}
    if not below and path:
        yield path, value
    for field, rest in below.items():
        for key, found in _entries(field, value):
            yield from _leaves(rest, found, f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}")


def _entries(field: str, value: Any) -> Iterator[tuple[str | int, Any]]:
    """The entry that is meant, or none: a zero is not shown."""
    if field.startswith("f:"):
        yield from ((name, found) for name, found in value.items() if name == field[2:])
    else:
        wanted = json.loads(field[2:])
        yield from ((at, item) for at, item in enumerate(value) if wanted.items() <= item.items())
