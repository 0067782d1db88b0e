"""Holds AsyncAPI documents, given as arguments, to the official schema, and every reference to something that exists.

The schema is 3.0.0-without-$id.json of the npm package @asyncapi/specs 6.11.1, Apache-2.0, unchanged.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator, Draft202012Validator

SCHEMA = Path(__file__).parent / "asyncapi" / "schema-3.0.0.json"


def problems(path: Path) -> Iterator[str]:
    """What is wrong with the document at `path`."""
    document = yaml.safe_load(path.read_text())
    for error in Draft7Validator(json.loads(SCHEMA.read_text())).iter_errors(document):
        yield f"{error.json_path}: {error.message}"
    for reference in _references(document):
        yield from _problems_of_reference(document, path.parent, reference)


def _references(node: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a document
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _references(child)


def _problems_of_reference(document: Any, folder: Path, reference: str) -> Iterator[str]:  # noqa: ANN401 - as above
    if not reference.startswith("#/"):
        if not (folder / reference).is_file():
            yield f"{reference} is no file"
            return
        Draft202012Validator.check_schema(json.loads((folder / reference).read_text()))
        return
    for part in reference.removeprefix("#/").split("/"):
        if part not in document:
            yield f"{reference} is not in the document"
            return
        document = document[part]


if __name__ == "__main__":
    found = [f"{path}: {problem}" for path in sys.argv[1:] for problem in problems(Path(path))]
    print("\n".join(found), file=sys.stderr)
    sys.exit(bool(found))
