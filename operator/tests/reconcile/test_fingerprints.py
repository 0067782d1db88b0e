"""What of a Secret or ConfigMap that a spec refers to rolls its pods: the version, or the operator's own values."""

from typing import Any

import pytest
from fastapi_fleet.constants import FIELD_MANAGER, LABEL_OWNER_NAME
from fastapi_fleet.kube.kinds import FASTAPI_SERVICE, FLEET_PLATFORM, Object, ObjectKey
from fastapi_fleet.reconcile.fingerprints import fingerprints, versions
from fastapi_fleet.reconcile.observe import keys_read
from fastapi_fleet.reconcile.parse import parse_service
from fastapi_fleet.resources.manifest import Owner
from fastapi_fleet.resources.secret import render_secret
from fastapi_fleet.resources.spec_references import Keys
from support.json_copy import copied
from support.managed_fields import entry_of
from support.resources import fastapi_service

USERS = Owner(FASTAPI_SERVICE.name, "team", "users", "uid-users")
SHOP = Owner(FASTAPI_SERVICE.name, "team", "shop", "uid-shop")
MINE, THEIRS = frozenset({"MINE"}), frozenset({"THEIRS"})
KEY = ObjectKey("Secret", "team", "users-secrets")


def kept(version: str = "7", uid: str = "a", **values: str) -> Object:
    """The Secret of the users service as the operator writes it."""
    manifest = render_secret(USERS, {"MINE": "one", "THEIRS": "two", **values}, {}, {})
    assert manifest is not None
    written = {"uid": uid, "resourceVersion": version, "managedFields": [entry_of(FIELD_MANAGER, manifest)]}
    return {**manifest, "metadata": {**manifest["metadata"], **written}}


def fingerprint(obj: Object, keys: Keys = MINE) -> str:
    key = ObjectKey(obj["kind"], "team", "users-secrets")
    return fingerprints({key: obj}, {key: keys})[str(key)]


def goes_by_version(obj: Object, keys: Keys = MINE) -> bool:
    key = ObjectKey(obj["kind"], "team", "users-secrets")
    return fingerprints({key: obj}, {key: keys}) == versions({key: obj})


UNCHANGED: dict[str, tuple[Object, Keys]] = {
    "written again": (kept("8"), MINE),
    "another value in it": (kept("8", THEIRS="three"), MINE),
    "a value more": (kept("8", MORE="three"), MINE),
    "made anew with the same values": (kept("8", uid="b"), MINE),
    "written again, whole": (kept("8"), None),
}
CHANGED: dict[str, tuple[Object, Keys]] = {
    "another value": (kept("8", MINE="three"), MINE),
    "one of several": (kept("8", THEIRS="three"), MINE | THEIRS),
    "another value, whole": (kept("8", THEIRS="three"), None),
    "a value more, whole": (kept("8", MORE="three"), None),
    "an optional key that appears": (kept("8", MORE="three"), frozenset({"MORE"})),
}


@pytest.mark.parametrize(("after", "keys"), UNCHANGED.values(), ids=UNCHANGED.keys())
def test_write_that_changes_no_value_that_is_read_changes_nothing(after: Object, keys: Keys) -> None:
    assert fingerprint(after, keys) == fingerprint(kept(), keys)


@pytest.mark.parametrize(("after", "keys"), CHANGED.values(), ids=CHANGED.keys())
def test_other_values_that_are_read_are_another_fingerprint(after: Object, keys: Keys) -> None:
    assert fingerprint(after, keys) != fingerprint(kept(), keys)


def test_fingerprint_contains_no_value() -> None:
    assert not {"one", "b25l"} & set(fingerprint(kept()).split())
    assert len(fingerprint(kept(), None)) == 16


def changed(**metadata: Any) -> Object:
    obj = copied(kept())
    obj["metadata"] |= metadata
    return obj


def owned_by(**reference: Any) -> Object:
    (known,) = kept()["metadata"]["ownerReferences"]
    return changed(ownerReferences=[{**known, **reference}])


def set_by_hand(part: str, key: str) -> Object:
    """Written by somebody, and by the operator too, as after a write of the same value."""
    by_hand = {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {part: {".": {}, f"f:{key}": {}}}}
    return changed(managedFields=[*kept()["metadata"]["managedFields"], by_hand])


NOT_THE_OPERATORS: dict[str, Object] = {
    "ConfigMap": {**kept(), "kind": "ConfigMap"},
    "no labels": changed(labels={}),
    "not in the operator's watch": changed(labels={LABEL_OWNER_NAME: "users"}),
    "no owner": changed(ownerReferences=[]),
    "an owner that does not control it": owned_by(controller=False),
    "a platform's": owned_by(kind=FLEET_PLATFORM.name),
    "an owner of another group": owned_by(apiVersion="example.com/v1"),
    "an owner that the labels do not name": owned_by(name="orders"),
    "a value that a hand has set": set_by_hand("f:data", "MINE"),
    "a value that a hand has set as text": set_by_hand("f:stringData", "MINE"),
    "values from a backup": changed(managedFields=[entry_of("velero", kept())]),
    "nobody knows whose values": changed(managedFields=None),
}


@pytest.mark.parametrize("obj", NOT_THE_OPERATORS.values(), ids=NOT_THE_OPERATORS.keys())
def test_what_is_not_the_operators_is_never_hashed(obj: Object) -> None:
    assert goes_by_version(obj)


def test_value_that_a_hand_has_set_counts_for_those_who_read_it() -> None:
    by_hand = set_by_hand("f:data", "THEIRS")
    assert fingerprint(by_hand, MINE) == fingerprint(kept(), MINE)
    assert goes_by_version(by_hand, THEIRS)
    assert goes_by_version(by_hand, None)


def test_what_is_not_there_is_no_part_of_it() -> None:
    assert fingerprints({KEY: None}, {KEY: MINE}) == {}


def variable(key: str) -> dict[str, Any]:
    return {"name": f"V_{key}", "valueFrom": {"secretKeyRef": {"name": "users-secrets", "key": key}}}


def volume(**more: Any) -> dict[str, Any]:
    return {"volumes": [{"name": "keys", "secret": {"secretName": "users-secrets", **more}}]}


WHOLE: dict[str, Any] = {"envFrom": [{"secretRef": {"name": "users-secrets"}}]}
READ: dict[str, tuple[dict[str, Any], Keys]] = {
    "secrets": ({"secrets": [{"env": "V", "name": "users-secrets", "key": "A"}]}, frozenset({"A"})),
    "env": ({"env": [variable("A"), variable("B")]}, frozenset({"A", "B"})),
    "envFrom": (WHOLE, None),
    "envFrom and env": ({**WHOLE, "env": [variable("A")]}, None),
    "volume": ({"pod": volume()}, None),
    "volume of no items": ({"pod": volume(items=[])}, None),
    "volume of items": ({"pod": volume(items=[{"key": "A", "path": "a"}])}, frozenset({"A"})),
    "sidecar": (
        {"env": [variable("A")], "pod": {"sidecars": [{"name": "beside", "image": "i", "env": [variable("B")]}]}},
        frozenset({"A", "B"}),
    ),
}


@pytest.mark.parametrize(("spec", "keys"), READ.values(), ids=READ.keys())
def test_keys_are_read_where_the_spec_names_them_and_else_all(spec: dict[str, Any], keys: Keys) -> None:
    assert keys_read(SHOP, parse_service(fastapi_service(**spec))) == {KEY: keys}
