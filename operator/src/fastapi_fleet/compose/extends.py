"""`extends` of a service of the same file."""

from typing import Any

_REPLACED = frozenset({"command", "entrypoint"})
"""Lists that the extending service replaces; it adds to others."""

_NOT_INHERITED = frozenset({"depends_on", "links", "volumes_from"})


def with_extended(document: dict[str, Any]) -> dict[str, Any]:
    """The document with each such service written out. One that is extended from another file keeps its key."""
    services = document["services"]
    return {**document, "services": {name: _extended(name, services, frozenset()) for name in services}}


def _extended(name: str, services: dict[str, Any], above: frozenset[str]) -> Any:  # noqa: ANN401 - a tree of YAML
    service = services[name]
    base = _base(service)
    if base not in services or base in above | {name}:
        return service
    inherited = _extended(base, services, above | {name})
    if not isinstance(inherited, dict):
        return service
    own = {key: value for key, value in service.items() if key != "extends"}
    return _merged({key: value for key, value in inherited.items() if key not in _NOT_INHERITED}, own)


def _base(service: object) -> str | None:
    extends = service.get("extends") if isinstance(service, dict) else None
    if isinstance(extends, dict):
        return None if extends.get("file") else extends.get("service")
    return extends if isinstance(extends, str) else None


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        there = base.get(key)
        if isinstance(there, dict) and isinstance(value, dict):
            merged[key] = _merged(there, value)
        elif isinstance(there, list) and isinstance(value, list) and key not in _REPLACED:
            merged[key] = [*there, *(item for item in value if item not in there)]
        else:
            merged[key] = value
    return merged
