"""An OpenAPI document and the places in it. What cannot be read is said with its JSON pointer."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self
from urllib.parse import unquote

MAX_DEPTH = 100
_VERSION = re.compile(r"3\.[01](\.\d+)?(-.*)?\Z")


Side = Literal["old", "new"]


@dataclass(frozen=True)
class Place:
    """`pointer` is a JSON pointer."""

    document: Side
    pointer: str


class MalformedDocumentError(Exception):
    """A document cannot be compared."""

    def __init__(self, place: Place, problem: str) -> None:
        super().__init__(f"{place.document} document, {place.pointer}: {problem}")
        self.place = place
        self.problem = problem


@dataclass(frozen=True, eq=False)
class Node:
    """A value in a document, and the way to it."""

    document: Side
    root: object
    tokens: tuple[str, ...]
    value: object

    @property
    def pointer(self) -> str:
        return "#" + "".join(f"/{token.replace('~', '~0').replace('/', '~1')}" for token in self.tokens)

    @property
    def place(self) -> Place:
        return Place(self.document, self.pointer)

    def malformed(self, problem: str) -> MalformedDocumentError:
        return MalformedDocumentError(self.place, problem)

    def children(self) -> dict[str, Self]:
        """Keys become strings: YAML reads the status 200 as a number."""
        if not isinstance(self.value, Mapping):
            raise self.malformed(f"is {_kind(self.value)} where an object is expected")
        return {str(key): self._child(str(key), value) for key, value in self.value.items()}

    def elements(self) -> list[Self]:
        if not isinstance(self.value, list):
            raise self.malformed(f"is {_kind(self.value)} where a list is expected")
        return [self._child(str(index), value) for index, value in enumerate(self.value)]

    def get(self, key: str) -> Self | None:
        return self.children().get(key)

    def need(self, key: str) -> Self:
        child = self.get(key)
        if child is None:
            raise self.malformed(f"has no {key}")
        return child

    def flag(self, key: str) -> bool:
        child = self.get(key)
        if child is None:
            return False
        if not isinstance(child.value, bool):
            raise child.malformed(f"is {_kind(child.value)} where true or false is expected")
        return child.value

    def word(self) -> str:
        if not isinstance(self.value, str):
            raise self.malformed(f"is {_kind(self.value)} where a string is expected")
        return self.value

    def number(self) -> int | float:
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not math.isfinite(self.value):
            raise self.malformed(f"is {_kind(self.value)} where a number is expected")
        return self.value

    def text(self) -> str:
        """The value as JSON; equal for equal values."""
        value = self.value
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        try:
            return json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise self.malformed(f"is no JSON value ({type(error).__name__})") from error

    @property
    def is_version_3_0(self) -> bool:
        return isinstance(self.root, Mapping) and str(self.root.get("openapi", "")).startswith("3.0")

    def reference(self) -> Self | None:
        """The place that `$ref` names, one step away."""
        given = self.value.get("$ref") if isinstance(self.value, Mapping) else None
        if given is None:
            return None
        if not isinstance(given, str):
            raise self.malformed(f"$ref is {_kind(given)} where a string is expected")
        if given != "#" and not given.startswith("#/"):
            raise self.malformed(f"$ref {given} leads out of the document; bundle it into one file")
        tokens = tuple(unquote(token).replace("~1", "/").replace("~0", "~") for token in given.split("/")[1:])
        return self._at(tokens, given)

    def target(self) -> Self:
        """The place itself, or the one at the end of its references."""
        node = self
        passed = {node.pointer}
        while (following := node.reference()) is not None:
            if following.pointer in passed:
                raise self.malformed("$ref leads back to itself")
            passed.add(following.pointer)
            node = following
        return node

    def _at(self, tokens: tuple[str, ...], given: str) -> Self:
        node = type(self)(self.document, self.root, (), self.root)
        for token in tokens:
            step = node.step(token)
            if step is None:
                raise self.malformed(f"$ref {given} names nothing in the document")
            node = step
        return node

    def step(self, token: str) -> Self | None:
        if isinstance(self.value, Mapping):
            return self._child(token, self.value[token]) if token in self.value else None
        if isinstance(self.value, list) and token.isdecimal() and int(token) < len(self.value):
            return self._child(token, self.value[int(token)])
        return None

    def _child(self, token: str, value: object) -> Self:
        if len(self.tokens) >= MAX_DEPTH:
            raise self.malformed(f"is nested more than {MAX_DEPTH} levels deep")
        return type(self)(self.document, self.root, (*self.tokens, token), value)


def open_document(value: object, document: Side) -> Node:
    """Raises MalformedDocumentError for anything but an OpenAPI document of a version that is understood."""
    root = Node(document, value, (), value)
    version = root.get("openapi")
    if version is None:
        raise root.malformed("is no OpenAPI document: it has no openapi (Swagger 2.0 has to be converted first)")
    if not _VERSION.match(str(version.value)):
        raise version.malformed(f"is {version.text()}; 3.0 and 3.1 are understood")
    return root


def _kind(value: object) -> str:
    names = {"dict": "an object", "list": "a list", "str": "a string", "NoneType": "null"}
    return names.get(type(value).__name__, f"{value}")
