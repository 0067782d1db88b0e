"""The rules that a CustomResourceDefinition holds beside types and limits: expressions in CEL, and lists as maps."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

import cel

from fastapi_fleet.api.structural import Schema
from fastapi_fleet.offline.problems import Path, Refusal, path_of

_RESERVED_WORDS = """
true false null in as break const continue else for function if import let loop package namespace return var void while
"""

RESERVED: Final = frozenset(_RESERVED_WORDS.split())
"""Words of CEL. A field of such a name may be called `__name__` in a rule, says Kubernetes."""

CANNOT_BE_TOLD: Final = (KeyError, ValueError, TypeError, RuntimeError)
"""What an expression over a value of a wrong type raises."""


def completed(value: Any, schema: Schema) -> Any:  # noqa: ANN401 - JSON data
    """The value as the API server looks at it: without nulls, and with the defaults of its schema."""
    if isinstance(value, list) and "items" in schema:
        return [completed(item, schema["items"]) for item in value]
    if not isinstance(value, dict):
        return value
    fields: Mapping[str, Schema] = schema.get("properties", {})
    defaults = {name: field["default"] for name, field in fields.items() if "default" in field}
    given = {name: item for name, item in value.items() if item is not None}
    return defaults | {name: completed(item, _schema_of(name, schema)) for name, item in given.items()}


def rule_refusals(value: Any, schema: Schema, path: Path = ()) -> Iterator[Refusal]:  # noqa: ANN401 - JSON data
    """What the rules say of a completed value. One that meets a wrong type is silent: the type is refused as such."""
    for rule in schema.get("x-kubernetes-validations", ()):
        if "oldSelf" not in rule["rule"] and (message := _broken(rule, _named_for_cel(value, schema))):
            yield Refusal((*path, *path_of(rule.get("fieldPath", ""))), message)
    if isinstance(value, list):
        yield from _repeated(value, schema, path)
        for at, item in enumerate(value):
            yield from rule_refusals(item, schema.get("items", {}), (*path, at))
    if isinstance(value, dict):
        for name, item in value.items():
            yield from rule_refusals(item, _schema_of(name, schema), (*path, name))


def _broken(rule: Mapping[str, str], value: object) -> str | None:
    """What the rule says of a value that breaks it."""
    try:
        if _program(rule["rule"])({"self": value}) is not False:
            return None
        said = _program(rule["messageExpression"])({"self": value}) if "messageExpression" in rule else None
    except CANNOT_BE_TOLD:
        return None
    return str(said) if said else rule["message"]


@cache
def _program(expression: str) -> Callable[[dict[str, Any]], Any]:
    return cel.compile(expression).execute


def _repeated(items: list[Any], schema: Schema, path: Path) -> Iterator[Refusal]:
    """Items of a list that is a set, or a map by some of its items' fields, which are there twice."""
    seen = []
    for at, item in enumerate(items):
        key = _identity(item, schema)
        if key is not None and key in seen:
            words = ", ".join(str(part) for part in key)
            yield Refusal((*path, at), f"{words} is in the list twice")
        seen.append(key)


def _identity(item: Any, schema: Schema) -> list[Any] | None:  # noqa: ANN401 - JSON data
    match schema.get("x-kubernetes-list-type"):
        case "set":
            return [item]
        case "map" if isinstance(item, dict):
            return [item.get(key) for key in schema["x-kubernetes-list-map-keys"]]
    return None


def _named_for_cel(value: Any, schema: Schema) -> Any:  # noqa: ANN401 - JSON data
    if isinstance(value, list):
        return [_named_for_cel(item, schema.get("items", {})) for item in value]
    if not isinstance(value, dict):
        return value
    named = {name: _named_for_cel(item, _schema_of(name, schema)) for name, item in value.items()}
    reserved = RESERVED & named.keys() & schema.get("properties", {}).keys()
    return named | {f"__{name}__": named[name] for name in reserved}


def _schema_of(name: str, schema: Schema) -> Schema:
    """Of a field, or of a map's value; empty where the schema knows neither."""
    known: Schema = schema.get("properties", {}).get(name) or schema.get("additionalProperties") or {}
    return known
