"""YAML as kubectl reads it, each value with the line it stands in."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from fastapi_fleet.offline.problems import Path, Problem


@dataclass(frozen=True)
class Document:
    """One document of a file. `lines`: where each key and each item stands, by its path."""

    source: str
    value: Any
    lines: Mapping[Path, int]

    def line_of(self, path: Path) -> int:
        """Of the value at `path` or, where nothing is there, of what it would stand in."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def items(self) -> "Iterator[Document]":
        """Those of a List, in which kubectl prints and takes several resources, else the document itself."""
        match self.value:
            case {"apiVersion": "v1", "kind": "List", "items": [*values]}:
                for at, value in enumerate(values):
                    yield from Document(self.source, value, self._lines_below(("items", at))).items()
            case _:
                yield self

    def _lines_below(self, path: Path) -> Mapping[Path, int]:
        depth = len(path)
        return {below[depth:]: line for below, line in self.lines.items() if below[:depth] == path}


def read_documents(source: str, text: str) -> tuple[list[Document], list[Problem]]:
    """Every document that is not empty, each item of a List as one, and what is wrong with the YAML itself.

    Nothing is read past broken syntax.
    """
    documents: list[Document] = []
    problems: list[Problem] = []
    try:
        loader = _Loader(text)
        while loader.check_node():
            builder = _Builder(loader, source)
            document = builder.build(loader.get_node())
            problems += builder.repeated
            if document.value is not None:
                documents += document.items()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = ", ".join(part for part in (error.context, error.problem) if part)
        problems.append(Problem(source, mark.line + 1 if mark else 1, message))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problems.append(Problem(source, line, f"a character that YAML does not allow: {error.character!r}"))
    return documents, problems


class _Loader(yaml.SafeLoader):
    """Without dates and sexagesimal numbers, which Kubernetes does not know: there they are strings."""


_NUMBERS_WITHOUT_COLONS = {
    "tag:yaml.org,2002:int": re.compile(r"[-+]?(0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)$"),
    "tag:yaml.org,2002:float": re.compile(
        r"[-+]?([0-9][0-9_]*\.[0-9_]*([eE][-+]?[0-9]+)?|\.[0-9][0-9_]*([eE][-+][0-9]+)?|\.(inf|Inf|INF))$|\.(nan|NaN|NAN)$"
    ),
}

_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, _NUMBERS_WITHOUT_COLONS.get(tag, pattern))
        for tag, pattern in resolvers
        if tag != "tag:yaml.org,2002:timestamp"
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Builder:
    """Makes plain data of one document's nodes, with keys as strings, as in JSON."""

    def __init__(self, loader: _Loader, source: str) -> None:
        self._loader = loader
        self._source = source
        self._lines: dict[Path, int] = {}
        self._open: set[int] = set()
        self.repeated: list[Problem] = []

    def build(self, root: yaml.Node | None) -> Document:
        if root is None:
            return Document(self._source, None, {(): 1})
        self._lines[()] = root.start_mark.line + 1
        return Document(self._source, self._value(root, ()), self._lines)

    def _value(self, node: yaml.Node, path: Path) -> Any:  # noqa: ANN401 - whatever the file says
        if isinstance(node, yaml.ScalarNode):
            return self._loader.construct_object(node)
        if id(node) in self._open:
            raise yaml.composer.ComposerError(None, None, "an alias within what it stands for", node.start_mark)
        self._open.add(id(node))
        value = self._mapping(node, path) if isinstance(node, yaml.MappingNode) else self._sequence(node, path)
        self._open.remove(id(node))
        return value

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        self._find_repeated(node)
        self._loader.flatten_mapping(node)
        built = {}
        for key_node, value_node in node.value:
            key = _key(key_node)
            self._lines[*path, key] = key_node.start_mark.line + 1
            built[key] = self._value(value_node, (*path, key))
        return built

    def _sequence(self, node: yaml.Node, path: Path) -> list[Any]:
        built = []
        for at, item in enumerate(node.value):
            self._lines[*path, at] = item.start_mark.line + 1
            built.append(self._value(item, (*path, at)))
        return built

    def _find_repeated(self, node: yaml.MappingNode) -> None:
        first: dict[str, int] = {}
        for key, line in _keys(node):
            if key in first:
                self.repeated.append(Problem(self._source, line, f"{key} is set already in line {first[key]}"))
            first.setdefault(key, line)


def _keys(node: yaml.MappingNode) -> Iterator[tuple[str, int]]:
    for key_node, _ in node.value:
        if key_node.tag != "tag:yaml.org,2002:merge":
            yield _key(key_node), key_node.start_mark.line + 1


def _key(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    raise yaml.constructor.ConstructorError(None, None, "a key must be a word", node.start_mark)
