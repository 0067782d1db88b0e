"""Events and answers to writes arrive in any order: a pass never sees less than it wrote."""

from typing import Any

import pytest
from fastapi_fleet.constants import API_VERSION, LABEL_OWNER_KIND, LABEL_OWNER_NAME
from fastapi_fleet.kube.cache import ObjectCache, called_by, owner_of
from fastapi_fleet.kube.kinds import DEPLOYMENT, POD, SERVICE, Object, ObjectKey, key_of
from hypothesis import given
from hypothesis import strategies as st

OWNER = ObjectKey("FastAPIService", "team", "shop")
OTHER = ObjectKey("FastAPIService", "team", "other")


def labels(owner: ObjectKey) -> dict[str, str]:
    return {LABEL_OWNER_KIND: owner.kind, LABEL_OWNER_NAME: owner.name}


def controlled_by(owner: ObjectKey, api_version: str = API_VERSION) -> list[dict[str, Any]]:
    return [
        {"apiVersion": "v1", "kind": "Node", "name": "bystander", "uid": "uid-bystander"},
        {"apiVersion": api_version, "kind": owner.kind, "name": owner.name, "uid": "uid", "controller": True},
    ]


def service(version: int, uid: str = "first", name: str = "shop", **metadata: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "team", "uid": uid, "resourceVersion": str(version), **metadata},
    }


KEY = key_of(service(1))


def version_in(cache: ObjectCache) -> str | None:
    known = cache.get(KEY)
    return known["metadata"]["resourceVersion"] if known else None


def caller(version: int, *called: str) -> Object:
    metadata = {"name": "caller", "namespace": "team", "uid": "caller", "resourceVersion": str(version)}
    return {"kind": "FastAPIService", "metadata": metadata, "spec": {"services": [{"name": name} for name in called]}}


def running(version: int, kept: str) -> Object:
    """The Deployment of `caller`, with the spec of its revision beside it."""
    annotations = {"fastapi-fleet.io/revision-spec": kept}
    metadata = {"name": "caller", "namespace": "team", "uid": "running", "resourceVersion": str(version)}
    return {"kind": "Deployment", "metadata": {**metadata, "annotations": annotations}}


def test_callers_are_those_too_whose_running_revision_calls() -> None:
    cache = ObjectCache()
    cache.put(running(1, '{"image": "i", "services": [{"name": "other", "env": "OTHER_URL"}]}'))
    assert cache.callers_of(OTHER) == (), "its service is gone"
    cache.put(caller(2))
    assert cache.callers_of(OTHER) == ("caller",)
    cache.put(running(3, '{"image": "i"}'))
    assert cache.callers_of(OTHER) == ()


@pytest.mark.parametrize("kept", ["", "no JSON", "[]", '{"services": 5}', '{"services": [{}]}'])
def test_revision_that_a_hand_has_changed_calls_nobody(kept: str) -> None:
    assert list(called_by(running(1, kept))) == []


def test_callers_are_known_as_they_declare_it() -> None:
    cache = ObjectCache()
    cache.put(caller(1, "shop", "other"))
    assert cache.callers_of(OWNER) == cache.callers_of(OTHER) == ("caller",)
    cache.put(caller(2, "other"))
    assert (cache.callers_of(OWNER), cache.callers_of(OTHER)) == ((), ("caller",))
    cache.remove(caller(2, "other"))
    assert cache.callers_of(OTHER) == ()


def test_newer_version_is_taken() -> None:
    cache = ObjectCache()
    assert cache.put(service(9))
    assert cache.put(service(10)), "versions are numbers, not texts"
    assert version_in(cache) == "10"


@pytest.mark.parametrize("version", [9, 10])
def test_older_or_same_version_is_no_news(version: int) -> None:
    cache = ObjectCache()
    cache.put(service(10))
    assert not cache.put(service(version))
    assert version_in(cache) == "10"


@given(st.permutations([service(version) for version in range(1, 6)]))
def test_newest_version_wins_in_any_order(states: list[Object]) -> None:
    cache = ObjectCache()
    for state in states:
        cache.put(state)
    assert version_in(cache) == "5"


def test_late_event_does_not_bring_back_what_is_gone() -> None:
    cache = ObjectCache()
    cache.put(service(10))
    assert cache.remove(service(12)) is not None
    assert not cache.put(service(11))
    assert cache.get(KEY) is None


def test_successor_of_the_same_name_is_taken() -> None:
    cache = ObjectCache()
    cache.put(service(10))
    cache.remove(service(12))
    assert cache.put(service(13, uid="second"))
    assert version_in(cache) == "13"


def test_object_that_left_the_watch_with_a_label_comes_back_with_it() -> None:
    cache = ObjectCache()
    cache.put(service(10))
    cache.remove(service(12))
    assert cache.put(service(13)), "the same uid, later than the event that said DELETED"
    assert version_in(cache) == "13"


def test_late_deletion_spares_the_successor() -> None:
    cache = ObjectCache()
    cache.put(service(20, uid="second"))
    assert cache.remove(service(12, uid="first")) is None
    assert version_in(cache) == "20"


def test_removal_of_an_unknown_object_tells_nothing() -> None:
    assert ObjectCache().remove(service(1)) is None


def test_memory_of_deletions_is_bounded_and_keeps_the_latest() -> None:
    cache = ObjectCache()
    for number in range(5000):
        cache.put(service(1, name=f"s{number}"))
        cache.remove(service(2, name=f"s{number}"))
    assert not cache.put(service(1, name="s4999"))
    assert len(cache._gone) < 5000


def test_objects_are_told_apart_by_kind_and_listed_by_it() -> None:
    cache = ObjectCache()
    cache.put(service(1))
    cache.put({**service(2), "kind": "Deployment"})
    assert [obj["metadata"]["resourceVersion"] for obj in cache.of_kind(SERVICE)] == ["1"]
    assert [obj["metadata"]["resourceVersion"] for obj in cache.of_kind(DEPLOYMENT)] == ["2"]
    assert list(cache.of_kind(POD)) == []


def test_children_are_found_by_their_owner() -> None:
    cache = ObjectCache()
    cache.put(service(1, name="b", labels=labels(OWNER)))
    cache.put(service(1, name="a", labels=labels(OWNER)))
    cache.put(service(1, name="c", labels=labels(OTHER)))
    cache.put(service(1, name="d"))
    assert [child["metadata"]["name"] for child in cache.owned_by(OWNER)] == ["a", "b"]


def test_child_that_changes_hands_is_found_by_its_new_owner_alone() -> None:
    cache = ObjectCache()
    cache.put(service(1, labels=labels(OWNER)))
    cache.put(service(2, labels=labels(OTHER)))
    assert cache.owned_by(OWNER) == []
    assert len(cache.owned_by(OTHER)) == 1


def test_deleted_child_is_found_no_more() -> None:
    cache = ObjectCache()
    cache.put(service(1, labels=labels(OWNER)))
    cache.remove(service(2))
    assert cache.owned_by(OWNER) == []


def test_controller_says_more_than_labels() -> None:
    relabelled = service(1, labels=labels(OTHER), ownerReferences=controlled_by(OWNER))
    assert owner_of(relabelled) == OWNER


def test_labels_tell_whose_a_pod_is_since_its_controller_is_of_another_kind() -> None:
    pod = service(1, labels=labels(OWNER), ownerReferences=controlled_by(OTHER, api_version="apps/v1"))
    assert owner_of(pod) == OWNER


def test_object_without_a_sign_of_an_owner_has_none() -> None:
    assert owner_of(service(1)) is None
    assert owner_of(service(1, labels={LABEL_OWNER_NAME: "shop"})) is None


def test_what_no_pass_reads_is_not_kept() -> None:
    cache = ObjectCache()
    pod = {**service(1, managedFields=[{"manager": "kubelet"}]), "kind": "Pod", "spec": {"nodeName": "n"}, "status": {}}
    cache.put(pod)
    kept = cache.get(key_of(pod))
    assert kept is not None
    assert "managedFields" not in kept["metadata"]
    assert "spec" not in kept
    assert "status" in kept


def test_documents_of_config_maps_are_not_kept() -> None:
    cache = ObjectCache()
    document = {**service(1), "kind": "ConfigMap", "data": {"digest": "a"}, "binaryData": {"openapi.json.gz": "eA=="}}
    cache.put(document)
    kept = cache.get(key_of(document))
    assert kept is not None
    assert (kept["data"], "binaryData" in kept) == ({"digest": "a"}, False)


def test_spec_of_a_child_is_kept() -> None:
    cache = ObjectCache()
    cache.put({**service(1), "spec": {"type": "ClusterIP"}})
    kept = cache.get(KEY)
    assert kept is not None
    assert kept["spec"] == {"type": "ClusterIP"}
