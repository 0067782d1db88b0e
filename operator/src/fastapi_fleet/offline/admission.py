"""Whether the API server would let a resource through, and the operator run it: every reason why not, at once."""

from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from fastapi_fleet.api.crd import KINDS, ResourceKind, resource_schema
from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.api.structural import Schema
from fastapi_fleet.constants import API_VERSION, GROUP
from fastapi_fleet.errors import InvalidSpecError
from fastapi_fleet.offline.metadata import Metadata
from fastapi_fleet.offline.problems import Path, Refusal, path_of
from fastapi_fleet.offline.schema_rules import completed, rule_refusals
from fastapi_fleet.reconcile.parse import oversized_defaults, oversized_requests, require_consistent

BY_NAME: Final = {resource.kind: resource for resource in KINDS}

WHOLE: Final = ("apiVersion", "kind", "metadata", "spec", "status")


def is_ours(value: Any) -> bool:  # noqa: ANN401 - whatever a file says
    """Whether it means to be a resource of this project, by its group or by its kind."""
    if not isinstance(value, dict):
        return False
    return str(value.get("apiVersion", "")).partition("/")[0] == GROUP or str(value.get("kind")) in BY_NAME


def refusals(resource: dict[str, Any]) -> list[Refusal]:
    """Every reason to refuse a resource of this project, in the order of its fields' names."""
    version = resource.get("apiVersion")
    if version != API_VERSION:
        stated = f", not {version}" if version is not None else ""
        return [Refusal(("apiVersion",), f"is {API_VERSION}{stated}")]
    kind = BY_NAME.get(str(resource.get("kind")))
    if kind is None:
        return [Refusal(("kind",), f"{resource.get('kind')} is none of {', '.join(BY_NAME)}")]
    schema = _schema(kind.kind)
    given = {name: part for name, part in resource.items() if part is not None}
    whole = completed({"metadata": {}, "spec": {}} | given, schema)
    found = [
        *_unknown_parts(whole),
        *_model_refusals(Metadata, whole["metadata"], Metadata.model_json_schema(by_alias=True), ("metadata",)),
        *_spec_refusals(kind, given, whole, schema),
        *_rule_refusals({name: part for name, part in whole.items() if name != "status"}, schema),
    ]
    return found or list(_contradictions(kind, whole))


@cache
def _schema(kind: str) -> Schema:
    return resource_schema(BY_NAME[kind])


def _rule_refusals(whole: dict[str, Any], schema: Schema) -> Iterator[Refusal]:
    """Of the whole, only its name may be told of in a rule, and no rule may say so."""
    for refusal in rule_refusals(whole, schema):
        yield refusal if refusal.path else Refusal(("metadata", "name"), refusal.message)


def _unknown_parts(whole: dict[str, Any]) -> Iterator[Refusal]:
    for name in whole:
        if name not in WHOLE:
            yield Refusal((name,), _unknown(name, WHOLE))


def _spec_refusals(
    kind: ResourceKind, given: dict[str, Any], whole: dict[str, Any], schema: Schema
) -> Iterator[Refusal]:
    if "spec" not in given:
        yield Refusal(("spec",), "is required")
        return
    yield from _model_refusals(kind.spec, whole["spec"], schema["properties"]["spec"], ("spec",))


def _model_refusals(model: type[BaseModel], value: object, schema: Schema, path: Path) -> Iterator[Refusal]:
    try:
        spec = model.model_validate(value, strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            at = tuple(part for part in detail["loc"] if part != "[key]")
            yield Refusal((*path, *at), _said(detail, at, schema))
        return
    yield from (Refusal(path_of(error.field), error.problem) for error in _oversized(spec))


def _oversized(spec: BaseModel) -> Iterator[InvalidSpecError]:
    if isinstance(spec, FastAPIServiceSpec):
        yield from oversized_requests(spec)
    if isinstance(spec, FleetPlatformSpec):
        yield from oversized_defaults(spec.defaults)


def _said(detail: ErrorDetails, at: Path, schema: Schema) -> str:
    match detail["type"]:
        case "extra_forbidden":
            return _unknown(str(at[-1]), tuple(_fields_beside(at, schema)))
        case "missing":
            return "is required"
    message = detail["msg"]
    return message[:1].lower() + message[1:]


def _unknown(name: str, known: tuple[str, ...]) -> str:
    like = get_close_matches(name, known, n=1)
    return f"unknown field; did you mean {like[0]}?" if like else "unknown field"


def _fields_beside(at: Path, schema: Schema) -> Iterator[str]:
    """Names of the fields of what the last part of the path stands in."""
    for part in at[:-1]:
        within = schema.get("properties", {}).get(part) or schema.get("additionalProperties")
        schema = schema.get("items", {}) if isinstance(part, int) else within or {}
    return iter(schema.get("properties", {}))


def _contradictions(kind: ResourceKind, whole: dict[str, Any]) -> Iterator[Refusal]:
    """What the operator says of a resource that was let through."""
    if kind.spec is not FastAPIServiceSpec:
        return
    try:
        require_consistent(whole["metadata"]["name"], FastAPIServiceSpec.model_validate(whole["spec"]))
    except InvalidSpecError as error:
        yield Refusal(path_of(error.field), error.problem)
