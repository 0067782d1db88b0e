"""Whether a live object already holds what a manifest wants, so that no write is needed.

A server-side apply that changes nothing costs the API server as much as one that does (see docs/adr/0003).
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from fastapi_fleet.constants import ANNOTATION_HASH
from fastapi_fleet.resources.manifest import Manifest, annotation_of
from fastapi_fleet.resources.strays import changeable, removal_of_strays

_FACTORS = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate(("k", "M", "G", "T", "P", "E"), start=1)},
    **{suffix: Decimal(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), start=1)},
}
QUANTITY_FIELDS = frozenset({"requests", "limits", "emptyDir"})

_UNLIKE_ZERO: Final = frozenset({"automountServiceAccountToken", "allowPrivilegeEscalation"})
"""Fields that are on where they are left out: false is no zero value that the API server drops."""

_TEXTS: Final = frozenset({"data", "labels", "annotations", "matchLabels", "nodeSelector", "selector"})
"""Maps of texts, of which the API server keeps the empty ones too."""


def holds(live: Manifest, desired: Manifest) -> bool:
    """Whether `live` was made from this very manifest and still has every field of it.

    Fields of other writers and defaults of the API server may be there as well; items in an owned list may not.
    """
    if not is_made_from(live, desired):
        return False
    wanted = {key: value for key, value in changeable(desired).items() if key not in {"apiVersion", "kind"}}
    return contains(live, wanted) and not removal_of_strays(live, desired)


def is_made_from(live: Manifest, desired: Manifest) -> bool:
    """Whether this very manifest was applied last, whatever became of the object since."""
    wanted: str = desired["metadata"]["annotations"][ANNOTATION_HASH]
    return annotation_of(live, ANNOTATION_HASH) == wanted


def contains(live: object, desired: object, field: object = None, *, quantities: bool = False) -> bool:
    """Whether every wanted value is there, as the API server writes it.

    `field`: where both are. `quantities`: within a map of them.
    """
    if isinstance(desired, Mapping):
        return isinstance(live, Mapping) and all(
            contains(live[key], value, key, quantities=quantities or _holds_quantities(key, value))
            if key in live
            else _is_left_out(field, key, value)
            for key, value in desired.items()
        )
    if isinstance(desired, Sequence) and not isinstance(desired, str):
        return isinstance(live, Sequence) and _contains_items(live, desired, field)
    if quantities and isinstance(live, str) and isinstance(desired, str):
        return _is_same_amount(live, desired)
    return live == desired


def _contains_items(live: Sequence[object], desired: Sequence[object], field: object) -> bool:
    if field == "ownerReferences":  # others may refer to their own owners
        return all(any(contains(there, wanted) for there in live) for wanted in desired)
    return len(live) == len(desired) and all(
        contains(there, wanted) for there, wanted in zip(live, desired, strict=True)
    )


def _is_left_out(field: object, key: object, value: object) -> bool:
    """Whether the API server leaves out the field for its zero value, also of all that is in it."""
    if isinstance(value, Mapping):
        return contains({}, value, key)
    return not value and key not in _UNLIKE_ZERO and not (field in _TEXTS and isinstance(value, str))


def _holds_quantities(key: object, value: object) -> bool:
    """Whether this is a map of quantities, not a text whose key happens to be called so."""
    return key in QUANTITY_FIELDS and isinstance(value, Mapping)


def _is_same_amount(live: str, desired: str) -> bool:
    try:
        return quantity(live) == quantity(desired)
    except (InvalidOperation, KeyError):  # a custom resource may hold a text that is none
        return False


def quantity(text: str) -> Decimal:
    """Value of a Kubernetes quantity; the API server rewrites 0.5 as 500m, which is the same amount."""
    digits = text.rstrip("numkKMGTPEi")
    return Decimal(digits) * _FACTORS[text[len(digits) :]]
