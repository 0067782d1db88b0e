"""Structured output, the same for every command."""

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated

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


Output = Annotated[Format, typer.Option("--output", "-o", help="How to print what was done.")]


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


def print_done(said: str, done: Mapping[str, object], output: Format) -> None:
    """What a command did: in words, or as data."""
    if output is Format.TEXT:
        typer.echo(said)
    else:
        print_data(dict(done), output)


def print_line(data: object, output: Format) -> None:
    """One value of a stream that may have no end: a line of JSON, or a document of YAML."""
    if output is Format.JSON:
        typer.echo(json.dumps(data, ensure_ascii=False))
    else:
        typer.echo(f"---\n{_yaml(data)}", nl=False)


def print_objects(objects: Iterable[object], output: Structured) -> None:
    """Kubernetes objects as kubectl reads them: YAML documents, or one List in JSON."""
    if output == Structured.JSON:
        print_data({"apiVersion": "v1", "kind": "List", "items": list(objects)}, output)
    else:
        typer.echo("---\n".join(_yaml(item) for item in objects), nl=False)


def _yaml(data: object) -> str:
    return yaml.dump(data, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=110)
