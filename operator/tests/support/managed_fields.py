"""Who applied which fields, as the API server keeps it."""

import json
from typing import Any

from fastapi_fleet.kube.kinds import Object


def entry_of(manager: str, manifest: Object) -> dict[str, Any]:
    """Of metadata.managedFields, for a server-side apply of the manifest."""
    said = {name: part for name, part in manifest.items() if name not in {"apiVersion", "kind"}}
    return {"manager": manager, "operation": "Apply", "fieldsV1": _fields(said)}


def _fields(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {f"f:{name}": _fields(item) for name, item in value.items()}
    if isinstance(value, list) and all(isinstance(item, dict) and "name" in item for item in value):
        return {f"k:{json.dumps({'name': item['name']})}": _fields(item) for item in value}
    return {}
