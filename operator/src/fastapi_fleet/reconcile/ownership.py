"""Whose an object is. What belongs to somebody else is never written to."""

from collections.abc import Iterable, Mapping

from fastapi_fleet.constants import API_VERSION, LABEL_COMPONENT
from fastapi_fleet.errors import NotOwnedError, PredecessorLeavingError
from fastapi_fleet.kube.cache import owner_of
from fastapi_fleet.kube.kinds import Object, ObjectKey, key_of
from fastapi_fleet.resources.manifest import Manifest, Owner, label_of


def owner_key(owner: Owner) -> ObjectKey:
    return ObjectKey(owner.kind, owner.namespace, owner.name)


def is_owned(obj: Object, owner: Owner) -> bool:
    """Whether `owner` made the object: by its labels and, where the child is not retained, by its controller."""
    if owner_of(obj) != owner_key(owner):
        return False
    controller = controller_of(obj)
    return controller is None or controller["uid"] == owner.uid


def is_garbage_collected_with(obj: Object, owner: Owner) -> bool:
    controller = controller_of(obj)
    return controller is not None and controller["uid"] == owner.uid


def component_of(obj: Object) -> str:
    """Which part of its owner a child is; empty where a hand has taken the label away."""
    return label_of(obj, LABEL_COMPONENT) or ""


def controller_of(obj: Object) -> Mapping[str, str] | None:
    references = obj["metadata"].get("ownerReferences") or []
    return next((reference for reference in references if reference.get("controller")), None)


def refuse_foreign(desired: Iterable[Manifest], live: Mapping[ObjectKey, Object], owner: Owner) -> None:
    """Before anything is written.

    Raises NotOwnedError that names every object in the way, PredecessorLeavingError where those go by themselves.
    """
    in_the_way = [there for key in map(key_of, desired) if (there := live.get(key)) and not is_owned(there, owner)]
    names = ", ".join(str(key_of(there)) for there in in_the_way)
    if in_the_way and all(_belonged_to_predecessor(there, owner) for there in in_the_way):
        raise PredecessorLeavingError(f"waits until {names} of the deleted {owner.kind} {owner.name} are gone")
    if in_the_way:
        raise NotOwnedError(
            f"{names} exists and is not owned by {owner.kind} {owner.name}: "
            f"rename one of the two, or delete what is in the way"
        )


def _belonged_to_predecessor(obj: Object, owner: Owner) -> bool:
    controller = controller_of(obj)
    identity = (API_VERSION, owner.kind, owner.name)
    return controller is not None and (controller["apiVersion"], controller["kind"], controller["name"]) == identity


def owner_from(resource: Object) -> Owner:
    metadata = resource["metadata"]
    if resource["apiVersion"] != API_VERSION:
        raise ValueError(f"not a resource of {API_VERSION}: {resource['apiVersion']}")
    return Owner(resource["kind"], metadata["namespace"], metadata["name"], metadata["uid"])
