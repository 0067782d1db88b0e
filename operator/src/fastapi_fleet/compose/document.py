"""The text of a Compose file: its tree, with the line of each place, before and after variables were replaced."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from fastapi_fleet.compose.extends import with_extended
from fastapi_fleet.compose.failure import ComposeError, Problem
from fastapi_fleet.compose.interpolation import BadInterpolationError, Use, interpolate
from fastapi_fleet.compose.notes import Path, dotted
from fastapi_fleet.compose.secret_names import is_secret_name


class ComposeLoader(yaml.SafeLoader):
    """YAML 1.2 as Compose reads it: 22:22 is no number in base 60, and no is no boolean."""


def _reset(_loader: ComposeLoader, _node: yaml.Node) -> None:
    """!reset takes a value away."""


def _override(loader: ComposeLoader, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_object(node)


ComposeLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?([0-9]*\.[0-9]+|[0-9]+\.|[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+)", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("merge", r"<<", "<"),
):
    _firsts = [*_first, ""] if _tag == "null" else [*_first]
    ComposeLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _firsts)
ComposeLoader.add_constructor("!reset", _reset)
ComposeLoader.add_constructor("!override", _override)


@dataclass(frozen=True)
class Document:
    raw: dict[str, Any]
    """Before variables were replaced: tells what a value was made of."""
    data: dict[str, Any]
    unset: tuple[tuple[Path, str], ...]
    root: yaml.Node

    def line_of(self, path: Path) -> int | None:
        """Line of the deepest part of the path that the file has."""
        node, line = self.root, None
        for part in path:
            found = _below(node, part)
            if found is None:
                break
            line, node = found
        return line


def read_document(text: str, variables: Mapping[str, str]) -> Document:
    """Raises ComposeError where the text is no Compose file, or variables are missing that it demands."""
    root, raw = _loaded(text)
    if root is None or not isinstance(raw, dict) or not isinstance(raw.get("services"), dict):
        raise ComposeError([Problem("", None, "not a Compose file: there are no services in it")])
    raw = with_extended(raw)
    replacing = _Replacing(variables)
    data = replacing.tree(raw, ())
    document = Document(raw, data, tuple(replacing.unset), root)
    if replacing.problems:
        raise ComposeError(Problem(dotted(path), document.line_of(path), said) for path, said in replacing.problems)
    return document


def _loaded(text: str) -> tuple[yaml.Node | None, Any]:
    try:
        loader = ComposeLoader(text)
        root = loader.get_single_node()
        if root is not None:
            _require_end(root, set(), set())
        return root, loader.construct_document(root) if root else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise ComposeError([Problem("", line, f"not YAML: line {line}: {error.problem}")]) from None
    except yaml.reader.ReaderError as error:
        raise ComposeError([Problem("", None, f"not YAML: {error.reason} at character {error.position}")]) from None


def _require_end(node: yaml.Node, above: set[int], seen: set[int]) -> None:
    """Raises ComposeError where an alias stands within its own anchor."""
    if id(node) in above:
        raise ComposeError([Problem("", node.start_mark.line + 1, "an alias stands within its own anchor")])
    if id(node) in seen or isinstance(node, yaml.ScalarNode):
        return
    children = node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
    for child in children:
        _require_end(child, above | {id(node)}, seen)
    seen.add(id(node))


class _Replacing:
    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.unset: list[tuple[Path, str]] = []
        self.problems: list[tuple[Path, str]] = []

    def tree(self, node: Any, path: Path) -> Any:  # noqa: ANN401 - a tree of YAML
        if isinstance(node, dict):
            return {key: self.tree(value, (*path, key)) for key, value in node.items()}
        if isinstance(node, list):
            return [self.tree(value, (*path, at)) for at, value in enumerate(node)]
        return self._text(node, path) if isinstance(node, str) else node

    def _text(self, text: str, path: Path) -> str:
        use = Use()
        try:
            replaced = interpolate(text, self._variables, use)
        except BadInterpolationError as error:
            self.problems.append((path, str(error)))
            return ""
        self.unset += [(path, name) for name in use.unset]
        self.problems += [
            (path, f"the variable {name} has no value: {said}. Give it one in .env, by --env-file or by --set {name}=…")
            for name, said in use.required.items()
            if not is_secret_name(name)
        ]
        return replaced


def _below(node: yaml.Node, part: str | int) -> tuple[int, yaml.Node] | None:
    """What is merged in stands before the node's own keys, so that the last one counts."""
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):
            if getattr(key, "value", None) == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None
