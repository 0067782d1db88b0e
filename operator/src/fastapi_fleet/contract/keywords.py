"""What the keywords of one schema object say by themselves, for each JSON type."""

from collections.abc import Mapping
from dataclasses import replace

from fastapi_fleet.contract.document import Node
from fastapi_fleet.contract.span import Limit, Span
from fastapi_fleet.contract.variant import ANY, Variant

Keywords = Mapping[str, Node]

_OF_ANY = ("not", "if", "then", "else")
_OF_TYPE = {
    "number": ("multipleOf",),
    "string": ("pattern", "contentSchema"),
    "array": ("contains", "minContains", "maxContains", "unevaluatedItems"),
    "object": ("patternProperties", "propertyNames", "dependentRequired", "dependentSchemas", "unevaluatedProperties"),
}
_SPANS = {
    "number": ("minimum", "maximum"),
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}
_IMPLIES = {"properties": "object", "required": "object", "additionalProperties": "object", "items": "array"}
_WIDER_FORMATS = {"int32": {"int32", "int64"}, "float": {"float", "double"}, "password": set()}
_CONTENT_FORMATS = {("contentMediaType", "application/octet-stream"): "binary", ("contentEncoding", "base64"): "byte"}


def own_variants(place: Node) -> tuple[Variant, ...]:
    keywords = place.children()
    found = [_variant(type_, keywords) for type_ in _types(keywords)]
    if any(variant.type == "number" and not variant.integer for variant in found):
        found = [variant for variant in found if not variant.integer]
    values = _values(keywords)
    if values is None:
        return tuple(found)
    return tuple(one for variant in found if (one := _of_values(variant, values)) is not None)


def _types(keywords: Keywords) -> tuple[str, ...]:
    if "type" in keywords:
        given = keywords["type"]
        named = [given] if not isinstance(given.value, list) else given.elements()
        return tuple(_type_name(node) for node in named)
    implied = tuple(sorted({type_ for keyword, type_ in _IMPLIES.items() if keyword in keywords}))
    return implied or tuple(variant.type for variant in ANY)


def _type_name(node: Node) -> str:
    name = node.word()
    if name not in {"null", "boolean", "integer", "number", "string", "array", "object"}:
        raise node.malformed(f"{name} is no type")
    return name


def _variant(type_: str, keywords: Keywords) -> Variant:
    json_type = "number" if type_ == "integer" else type_
    span = _span(json_type, keywords)
    variant = Variant(
        type=json_type,
        integer=type_ == "integer",
        formats=_formats(json_type, keywords),
        constraints=_constraints(json_type, keywords),
        span=span.of_integers() if type_ == "integer" else span,
    )
    if type_ == "object":
        return _with_fields(variant, keywords)
    return _with_elements(variant, keywords) if type_ == "array" else variant


def _with_fields(variant: Variant, keywords: Keywords) -> Variant:
    fields = keywords["properties"].children() if "properties" in keywords else {}
    required = keywords["required"].elements() if "required" in keywords else []
    return replace(
        variant,
        fields={name: (place,) for name, place in fields.items()},
        required=frozenset(name.word() for name in required),
        others=_schema(keywords, "additionalProperties"),
    )


def _with_elements(variant: Variant, keywords: Keywords) -> Variant:
    leading = keywords["prefixItems"].elements() if "prefixItems" in keywords else []
    return replace(variant, others=_schema(keywords, "items"), leading=tuple((place,) for place in leading))


def _schema(keywords: Keywords, keyword: str) -> tuple[Node, ...]:
    return (keywords[keyword],) if keyword in keywords and keywords[keyword].value not in (True, {}) else ()


def _formats(type_: str, keywords: Keywords) -> frozenset[str]:
    """With those that every value of the format has, too."""
    found: set[str] = set()
    if "format" in keywords:
        name = keywords["format"].word()
        found |= _WIDER_FORMATS.get(name, {name})
    if type_ == "string":
        found |= {_CONTENT_FORMATS.get(pair, ": ".join(pair)) for pair in _contents(keywords)}
    return frozenset(found) if type_ in {"number", "string"} else frozenset()


def _contents(keywords: Keywords) -> list[tuple[str, str]]:
    return [(key, keywords[key].word()) for key in ("contentMediaType", "contentEncoding") if key in keywords]


def _constraints(type_: str, keywords: Keywords) -> frozenset[tuple[str, str]]:
    compared = (*_OF_ANY, *_OF_TYPE.get(type_, ()))
    found = {(keyword, keywords[keyword].text()) for keyword in compared if keyword in keywords}
    if type_ == "array" and "uniqueItems" in keywords and keywords["uniqueItems"].value is True:
        found.add(("uniqueItems", "true"))
    return frozenset(found)


def _span(type_: str, keywords: Keywords) -> Span:
    if type_ not in _SPANS:
        return Span()
    low, high = _SPANS[type_]
    span = Span()
    if low in keywords and (type_ == "number" or keywords[low].number() > 0):
        span = span.meet(Span(low=Limit(keywords[low].number(), _opened("exclusiveMinimum", type_, keywords))))
    if high in keywords:
        span = span.meet(Span(high=Limit(keywords[high].number(), _opened("exclusiveMaximum", type_, keywords))))
    return span.meet(_exclusive(keywords)) if type_ == "number" else span


def _opened(keyword: str, type_: str, keywords: Keywords) -> bool:
    """3.0: true beside the limit that it is about."""
    return type_ == "number" and keyword in keywords and keywords[keyword].value is True


def _exclusive(keywords: Keywords) -> Span:
    """3.1: a limit of its own."""
    span = Span()
    low, high = keywords.get("exclusiveMinimum"), keywords.get("exclusiveMaximum")
    if low is not None and not isinstance(low.value, bool):
        span = span.meet(Span(low=Limit(low.number(), open=True)))
    if high is not None and not isinstance(high.value, bool):
        span = span.meet(Span(high=Limit(high.number(), open=True)))
    return span


def _values(keywords: Keywords) -> list[Node] | None:
    if "const" in keywords:
        return [keywords["const"]]
    return keywords["enum"].elements() if "enum" in keywords else None


def _of_values(variant: Variant, values: list[Node]) -> Variant | None:
    texts = frozenset(value.text() for value in values if _json_type(value.value) == variant.type)
    if not texts:
        return None
    if variant.type == "null" or texts == {"true", "false"}:
        return variant
    return replace(variant, enum=texts, integer=False)


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {"list": "array", "dict": "object"}.get(type(value).__name__, "string")
