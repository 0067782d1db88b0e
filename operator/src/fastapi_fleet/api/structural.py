"""From a pydantic model to the structural OpenAPI schema that a CustomResourceDefinition demands."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import BaseModel

Schema = dict[str, Any]

CARRIED: Final = (
    "description",
    "type",
    "format",
    "enum",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
)
"""Keywords that mean the same in both dialects, in the order in which they are written."""

DROPPED: Final = frozenset({"title", "$defs"})

TRANSLATED: Final = frozenset(
    {"$ref", "anyOf", "const", "required", "properties", "items", "additionalProperties"}
    | {"patternProperties", "propertyNames"}
)


class UntranslatableError(Exception):
    """The model uses something that a structural schema cannot say."""


def structural_schema(model: type[BaseModel]) -> Schema:
    """The model as a structural schema: self-contained, and without the nulls and titles of pydantic.

    A default stays where it is a scalar. Defaults of nested objects are those of their own fields.

    Raises:
        UntranslatableError: a field has a shape that a CustomResourceDefinition cannot express.
    """
    source = model.model_json_schema(by_alias=True)
    definitions = source.get("$defs", {})

    def translate(node: Mapping[str, Any]) -> Schema:
        return _translate(_resolve(node, definitions), translate)

    return translate(source)


def _resolve(node: Mapping[str, Any], definitions: Mapping[str, Schema]) -> Schema:
    """The node with `$ref` and `X or null` replaced by what they stand for; the node's own words win."""
    own = {keyword: value for keyword, value in node.items() if keyword not in {"$ref", "anyOf"}}
    if "$ref" in node:
        return _resolve(definitions[node["$ref"].rpartition("/")[2]] | own, definitions)
    if "anyOf" in node:
        alternatives = [option for option in node["anyOf"] if option != {"type": "null"}]
        if len(alternatives) != 1:
            raise UntranslatableError(f"a field of several types: {node}")
        return _resolve(alternatives[0] | own, definitions)
    return own


def _translate(node: Schema, translate: Callable[[Mapping[str, Any]], Schema]) -> Schema:
    _refuse_unknown_keywords(node)
    if "const" in node:
        node = node | {"enum": [node["const"]]}
    schema: Schema = {keyword: node[keyword] for keyword in CARRIED if keyword in node}
    if not _is_scalar(schema.get("default", "")):
        del schema["default"]
    if "required" in node:
        schema["required"] = sorted(node["required"])
    if "properties" in node:
        schema["properties"] = {name: translate(field) for name, field in node["properties"].items()}
    if "items" in node:
        schema["items"] = translate(node["items"])
    schema |= {keyword: value for keyword, value in sorted(node.items()) if keyword.startswith("x-kubernetes-")}
    return schema | _map_of_values(node, translate)


def _map_of_values(node: Schema, translate: Callable[[Mapping[str, Any]], Schema]) -> Schema:
    """Keywords of a map; limits of its keys become a rule, for a structural schema has no word for them."""
    patterns = node.get("patternProperties", {})
    values = [*patterns.values(), *([node["additionalProperties"]] if node.get("additionalProperties") else [])]
    if not values:
        return {}
    if len(values) > 1 or values == [True]:
        raise UntranslatableError(f"a map whose values have no single type: {node}")
    rules = [*_key_rules(patterns, node.get("propertyNames", {})), *node.get("x-kubernetes-validations", [])]
    return {"additionalProperties": translate(values[0])} | ({"x-kubernetes-validations": rules} if rules else {})


def _key_rules(patterns: Mapping[str, Any], limits: Mapping[str, Any]) -> list[dict[str, str]]:
    rules = [
        {"rule": f"self.all(key, key.matches({pattern!r}))", "message": f"keys must match {pattern}"}
        for pattern in patterns
    ]
    if longest := limits.get("maxLength"):
        rule = f"self.all(key, size(key) <= {longest})"
        rules.append({"rule": rule, "message": f"keys may have {longest} characters at most"})
    return rules


def _is_scalar(default: object) -> bool:
    return isinstance(default, str | int | float | bool)


def _refuse_unknown_keywords(node: Schema) -> None:
    unknown = {keyword for keyword in node if not keyword.startswith("x-kubernetes-")}
    unknown -= {*CARRIED, *DROPPED, *TRANSLATED}
    if unknown:
        raise UntranslatableError(f"no structural counterpart of {sorted(unknown)} in {node}")
