"""What of the Secrets and ConfigMaps that a spec refers to enters the hash on its pods; see docs/adr/0048."""

from collections.abc import Mapping

from fastapi_fleet.constants import API_VERSION, FIELD_MANAGER, LABEL_MANAGED_BY, LABEL_OWNER_NAME, MANAGED_BY
from fastapi_fleet.kube.kinds import FASTAPI_SERVICE, SECRET, Object, ObjectKey
from fastapi_fleet.reconcile.ownership import controller_of
from fastapi_fleet.reconcile.references import version_of
from fastapi_fleet.resources.manifest import content_hash, label_of
from fastapi_fleet.resources.spec_references import Keys

References = Mapping[ObjectKey, Object | None]


def versions(references: References) -> dict[str, str]:
    """Of all that is there: another one after each write."""
    return {str(key): version_of(obj) for key, obj in references.items() if obj is not None}


def fingerprints(references: References, read: Mapping[ObjectKey, Keys]) -> dict[str, str]:
    """The versions but, for Secrets that the operator keeps, another one only where another value is to be read.

    `read`: the keys of each that pods read.
    """
    kept = {key: obj for key, obj in references.items() if key.kind == SECRET.name and obj is not None}
    hashes = {str(key): _hash_of_own_values(obj, read[key]) for key, obj in kept.items()}
    return versions(references) | {key: found for key, found in hashes.items() if found is not None}


def _hash_of_own_values(secret: Object, keys: Keys) -> str | None:
    """None where a value is not the operator's own: by a hash on a Deployment its readers could guess a short one."""
    data: Mapping[str, str] = secret.get("data") or {}
    values = {key: value for key, value in data.items() if keys is None or key in keys}
    is_own = _is_kept_for_a_service(secret) and values.keys() <= _written_by_the_operator_alone(secret)
    return content_hash(values) if is_own else None


def _is_kept_for_a_service(secret: Object) -> bool:
    controller = controller_of(secret)
    if controller is None or label_of(secret, LABEL_MANAGED_BY) != MANAGED_BY:
        return False
    owner = (API_VERSION, FASTAPI_SERVICE.name, label_of(secret, LABEL_OWNER_NAME))
    return (controller["apiVersion"], controller["kind"], controller["name"]) == owner


def _written_by_the_operator_alone(secret: Object) -> set[str]:
    """Keys whose values no hand has set. A Secret that has them from elsewhere, as from a backup, has none."""
    own: set[str] = set()
    others: set[str] = set()
    for entry in secret["metadata"].get("managedFields") or ():
        fields = entry.get("fieldsV1") or {}
        written = {name.removeprefix("f:") for part in ("f:data", "f:stringData") for name in fields.get(part) or ()}
        (own if entry["manager"] == FIELD_MANAGER else others).update(written)
    return own - others
