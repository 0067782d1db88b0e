"""Structured output, the same for every command."""

import json
from collections.abc import Iterable
from enum import StrEnum

import typer
import yaml


class Structured(StrEnum):
    """Formats for programs."""

    YAML = "yaml"
    JSON = "json"


class Format(StrEnum):
    """Formats of a command that also speaks to people."""

    TEXT = "text"
    YAML = "yaml"
    JSON = "json"


class _PlainDumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the base's signature
        """Write equal parts out: anchors are for machines."""
        return True


def print_data(data: object, output: Structured | Format) -> None:
    """One value."""
    if output == Structured.JSON:
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        typer.echo(_yaml(data), nl=False)


def print_objects(objects: Iterable[object], output: Structured) -> None:
    """Kubernetes objects as kubectl reads them: YAML documents, or one List in JSON."""
    if output == Structured.JSON:
        print_data({"apiVersion": "v1", "kind": "List", "items": list(objects)}, output)
    else:
        typer.echo("---\n".join(_yaml(item) for item in objects), nl=False)


def _yaml(data: object) -> str:
    return yaml.dump(data, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=110)
