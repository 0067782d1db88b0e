"""What every manifest has in common."""

from typing import Any

from fastapi_fleet.constants import ANNOTATION_HASH, API_VERSION
from fastapi_fleet.resources.manifest import Owner, child, content_hash, retained_child, with_hash
from hypothesis import given
from hypothesis import strategies as st

OWNER = Owner("FastAPIService", "team", "shop", "uid-shop")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def typed(value: Any) -> Any:
    """The value with its types told apart: Python takes 1 for True, JSON does not."""
    if isinstance(value, dict):
        return {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    return (type(value).__name__, value)


@given(json_values, json_values)
def test_hash_changes_exactly_when_the_content_does(one: Any, other: Any) -> None:
    assert (content_hash(one) == content_hash(other)) == (typed(one) == typed(other))


@given(st.dictionaries(st.text(max_size=3), json_values, max_size=5))
def test_hash_does_not_depend_on_the_order_of_keys(content: dict[str, Any]) -> None:
    assert content_hash(content) == content_hash(dict(reversed(content.items())))


def test_stamped_manifest_keeps_its_other_annotations() -> None:
    manifest = {"metadata": {"name": "shop", "annotations": {"kept": "yes"}}}
    stamped = with_hash(manifest)
    assert stamped["metadata"]["annotations"] == {"kept": "yes", ANNOTATION_HASH: content_hash(manifest)}


def test_child_is_garbage_collected_with_its_owner() -> None:
    made = child(OWNER, api_version="v1", kind="Service", name="shop", component="service")
    assert made["metadata"]["ownerReferences"] == [
        {
            "apiVersion": API_VERSION,
            "kind": "FastAPIService",
            "name": "shop",
            "uid": "uid-shop",
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


def test_retained_child_outlives_its_owner() -> None:
    made = retained_child(OWNER, api_version="v1", kind="Secret", name="shop", component="admin")
    assert "ownerReferences" not in made["metadata"]
