"""Whose an object is. What belongs to somebody else is never written to."""

from collections.abc import Iterable, Mapping

from fastapi_fleet.constants import API_VERSION
from fastapi_fleet.errors import NotOwnedError
from fastapi_fleet.kube.cache import owner_of
from fastapi_fleet.kube.kinds import Object, ObjectKey, key_of
from fastapi_fleet.resources.manifest import Manifest, Owner


def is_owned(obj: Object, owner: Owner) -> bool:
    """Whether `owner` made the object: by its labels and, where the child is not retained, by its controller."""
    if owner_of(obj) != ObjectKey(owner.kind, owner.namespace, owner.name):
        return False
    controller = controller_of(obj)
    return controller is None or controller["uid"] == owner.uid


def is_garbage_collected_with(obj: Object, owner: Owner) -> bool:
    controller = controller_of(obj)
    return controller is not None and controller["uid"] == owner.uid


def controller_of(obj: Object) -> Mapping[str, str] | None:
    references = obj["metadata"].get("ownerReferences") or []
    return next((reference for reference in references if reference.get("controller")), None)


def refuse_foreign(desired: Iterable[Manifest], live: Mapping[ObjectKey, Object], owner: Owner) -> None:
    """Raises NotOwnedError that names every object in the way, before anything is written."""
    foreign = [
        str(key) for key in map(key_of, desired) if (there := live.get(key)) is not None and not is_owned(there, owner)
    ]
    if foreign:
        raise NotOwnedError(
            f"{', '.join(foreign)} exists and is not owned by {owner.kind} {owner.name}: "
            f"rename one of the two, or delete what is in the way"
        )


def owner_from(resource: Object) -> Owner:
    metadata = resource["metadata"]
    if resource["apiVersion"] != API_VERSION:
        raise ValueError(f"not a resource of {API_VERSION}: {resource['apiVersion']}")
    return Owner(resource["kind"], metadata["namespace"], metadata["name"], metadata["uid"])
