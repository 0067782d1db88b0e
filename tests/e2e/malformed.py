"""Resources that break one constraint each, made from the schemas in crds/: a field added there is tried as well."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from kubectl import Manifest

CRDS: Final = Path(__file__).resolve().parents[2] / "crds"

Schema = Mapping[str, Any]

WORDS: Final = ("a", "A", "/a", "a:b", "1", "1Gi", "team/a", "a.b", "1.2.3.4/32", "aa")
"""Of these the first that a pattern admits stands for a good value."""

BROKEN_WORDS: Final = ("\t", " ", "-", "*", "é", "a b", ":")
"""Of these the first that a pattern does not admit stands for a bad one."""

OF_ANOTHER_TYPE: Final[Mapping[str, tuple[Any, str]]] = {
    "string": (7, "integer"),
    "integer": ("seven", "string"),
    "number": ("seven", "string"),
    "boolean": ("yes", "string"),
    "array": ("a", "string"),
    "object": ([], "array"),
}


@dataclass(frozen=True)
class Bad:
    """A value that breaks a constraint of the field at `path`. `told`: what the API server says of the constraint."""

    path: str
    constraint: str
    value: Any
    told: str


@dataclass(frozen=True)
class Malformed:
    """A resource that is good but for one field. `told`: words of the refusal beside the field's name."""

    id: str
    kind: str
    field: str
    told: str
    manifest: Manifest


def malformed_resources() -> list[Malformed]:
    """One resource for each constraint of each field of each kind."""
    found = []
    for file in sorted(CRDS.glob("*.yaml")):
        definition = yaml.safe_load(file.read_text())["spec"]
        kind = definition["names"]["kind"]
        spec: Schema = definition["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
        for at, bad in enumerate(_broken(spec, "spec")):
            manifest = {
                "apiVersion": f"{definition['group']}/{definition['versions'][0]['name']}",
                "kind": kind,
                "metadata": {"name": f"bad-{at}"},
                "spec": bad.value,
            }
            found.append(Malformed(f"{kind} {bad.path} {bad.constraint}", kind, bad.path, bad.told, manifest))
    return found


def _broken(schema: Schema, path: str) -> Iterator[Bad]:
    """Bad values for the schema itself, and good ones in which one field below is bad."""
    yield from _broken_itself(schema, path)
    for name, below in schema.get("properties", {}).items():
        for bad in _broken(below, f"{path}.{name}"):
            yield _inside(bad, _good(schema) | {name: bad.value})
    if isinstance(schema.get("additionalProperties"), Mapping):
        for bad in _broken(schema["additionalProperties"], f"{path}.{_good_key(schema)}"):
            yield _inside(bad, {_good_key(schema): bad.value})
    if "items" in schema:
        for bad in _broken(schema["items"], f"{path}[0]"):
            yield _inside(bad, [bad.value])


def _inside(bad: Bad, value: Any) -> Bad:
    return Bad(bad.path, bad.constraint, value, bad.told)


def _broken_itself(schema: Schema, path: str) -> Iterator[Bad]:
    other, name = OF_ANOTHER_TYPE[schema["type"]]
    yield Bad(path, "of another type", other, f'must be of type {schema["type"]}: "{name}"')
    match schema["type"]:
        case "integer" | "number":
            yield from _broken_number(schema, path)
        case "string":
            yield from _broken_text(schema, path)
        case "array":
            yield from _broken_list(schema, path)
        case "object":
            yield from _broken_object(schema, path)


def _broken_number(schema: Schema, path: str) -> Iterator[Bad]:
    if "minimum" in schema:
        least = schema["minimum"]
        yield Bad(path, "below minimum", least - 1, f"should be greater than or equal to {least}")
    if "maximum" in schema:
        most = schema["maximum"]
        yield Bad(path, "above maximum", most + 1, f"should be less than or equal to {most}")


def _broken_text(schema: Schema, path: str) -> Iterator[Bad]:
    if "enum" in schema:
        yield Bad(path, "not of the list", "Neither", "Unsupported value")
    if "pattern" in schema:
        broken = next(word for word in BROKEN_WORDS if not re.search(schema["pattern"], word))
        long_enough = broken * schema.get("minLength", 1)
        yield Bad(path, "against the pattern", long_enough, "should match")
    if schema.get("minLength"):
        yield Bad(path, "empty", "", f"should be at least {schema['minLength']} chars long")
    if "maxLength" in schema:
        yield Bad(path, "too long", "a" * (schema["maxLength"] + 1), "may not be more than")


def _broken_list(schema: Schema, path: str) -> Iterator[Bad]:
    if schema.get("minItems"):
        yield Bad(path, "empty", [], "should have at least")
    if "maxItems" in schema:
        yield Bad(path, "too many", [_good(schema["items"])] * (schema["maxItems"] + 1), "must have at most")
    if schema.get("x-kubernetes-list-type") in {"map", "set"}:
        yield Bad(f"{path}[1]", "twice", [_good(schema["items"])] * 2, "Duplicate value")


def _broken_object(schema: Schema, path: str) -> Iterator[Bad]:
    for name in schema.get("required", ()):
        rest = {key: value for key, value in _good(schema).items() if key != name}
        yield Bad(f"{path}.{name}", "left out", rest, "Required value")
    if "properties" in schema:
        yield Bad(f"{path}.unheardOf", "unknown", _good(schema) | {"unheardOf": 1}, "unknown field")
    if "maxProperties" in schema:
        value = _good(schema["additionalProperties"])
        many = {f"key{at}": value for at in range(schema["maxProperties"] + 1)}
        yield Bad(path, "too many", many, "must have at most")


def _good(schema: Schema) -> Any:
    """The least value of the type."""
    match schema["type"]:
        case "integer" | "number":
            return max(schema.get("minimum", 1), 1)
        case "boolean":
            return True
        case "string":
            return _good_text(schema)
        case "array":
            return [_good(schema["items"])] * schema.get("minItems", 0)
        case _:
            return {name: _good(schema["properties"][name]) for name in schema.get("required", ())}


def _good_text(schema: Schema) -> str:
    if "enum" in schema:
        return str(schema["enum"][0])
    pattern, shortest = schema.get("pattern", ""), schema.get("minLength", 0)
    return next(word for word in WORDS if len(word) >= shortest and re.search(pattern, word))


def _good_key(schema: Schema) -> str:
    """A key for a map: rules of CEL, where there are any, ask for no more than letters."""
    return "a"
