"""A variant: the values of one JSON type that a schema allows. A schema is the union of its variants.

This is where the two versions and their spellings meet: `nullable`, a list of types and
`anyOf` with null are all two variants.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product, zip_longest

from fastapi_fleet.contract.document import Node
from fastapi_fleet.contract.span import ANYWHERE, Span

Schema = tuple[Node, ...]
"""Places whose schemas hold together, as those of allOf do; none of them: any value."""

MAX_VARIANTS = 256


@dataclass(frozen=True)
class Variant:
    type: str
    integer: bool = False
    enum: frozenset[str] | None = None
    """As JSON."""
    formats: frozenset[str] = frozenset()
    constraints: frozenset[tuple[str, str]] = frozenset()
    """Keywords that are only ever compared as they stand, with their value as JSON."""
    span: Span = ANYWHERE
    """Of a number, a length, or a count."""
    fields: Mapping[str, Schema] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    others: Schema = ()
    """Fields, or elements, that are not named."""
    leading: tuple[Schema, ...] = ()
    label: str | None = None

    @property
    def type_words(self) -> str:
        name = "integer" if self.integer else self.type
        return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"

    @property
    def words(self) -> str:
        return self.label or f"{self.type_words} of another form"

    def named(self, name: str) -> "Variant":
        """The innermost name stays: that of the alternative, not that of the union."""
        return self if self.label is not None else replace(self, label=name)

    @property
    def is_plain(self) -> bool:
        return replace(self, label=None) == Variant(self.type)

    @property
    def is_only_enum(self) -> bool:
        return self.enum is not None and replace(self, label=None, enum=None) == Variant(self.type)


NULL = Variant("null")
ANY = tuple(Variant(name) for name in ("null", "boolean", "number", "string", "array", "object"))


def intersect(left: tuple[Variant, ...], right: tuple[Variant, ...], place: Node) -> tuple[Variant, ...]:
    met = [both for one, other in product(left, right) if (both := _meet(one, other)) is not None]
    if len(met) > MAX_VARIANTS:
        raise place.malformed(f"has more than {MAX_VARIANTS} alternatives")
    return tuple(met)


def join_enums(variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
    """Makes one enum of those that stand in alternatives."""
    joined: dict[tuple[str, bool], Variant] = {}
    rest: list[Variant] = []
    for variant in variants:
        key = variant.type, variant.integer
        if not variant.is_only_enum:
            rest.append(variant)
        elif key in joined:
            joined[key] = replace(joined[key], enum=(joined[key].enum or frozenset()) | (variant.enum or frozenset()))
        else:
            joined[key] = variant
    return (*joined.values(), *rest)


def _meet(one: Variant, other: Variant) -> Variant | None:
    if one.type != other.type:
        return None
    enum = one.enum if other.enum is None else other.enum if one.enum is None else one.enum & other.enum
    if enum is not None and not enum:
        return None
    return Variant(
        type=one.type,
        integer=one.integer or other.integer,
        enum=enum,
        formats=one.formats | other.formats,
        constraints=one.constraints | other.constraints,
        span=one.span.meet(other.span),
        fields={
            name: both(one.fields.get(name, ()), other.fields.get(name, ())) for name in {**one.fields, **other.fields}
        },
        required=one.required | other.required,
        others=both(one.others, other.others),
        leading=tuple(both(left, right) for left, right in zip_longest(one.leading, other.leading, fillvalue=())),
        label=_label(one, other),
    )


def both(one: Schema, other: Schema) -> Schema:
    known = {node.pointer for node in one}
    return (*one, *(node for node in other if node.pointer not in known))


def _label(one: Variant, other: Variant) -> str | None:
    """What is made of two named schemas has neither name."""
    if one.is_plain or other.is_plain:
        return one.label or other.label
    return None
