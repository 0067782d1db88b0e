"""Server-side apply by one manager, as the API server does it with the kinds that the operator writes."""

from collections.abc import Sequence
from typing import Any

_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "ports": ("containerPort", "port", "protocol"),
    "ownerReferences": ("uid",),
}
"""Lists whose items are merged, and by what. Every other list is replaced as a whole, and so is all that is in it."""

_WHOLE_MAPS = frozenset(
    {
        *("selector", "podSelector", "namespaceSelector", "labelSelector", "nodeSelector"),
        *("secretKeyRef", "configMapKeyRef", "fieldRef"),
    }
)


def applied(live: Any, before: Any, desired: Any, name: str = "") -> Any:
    """`desired` in its order, what was applied before and is no longer sent removed, what others set kept."""
    if isinstance(live, dict) and isinstance(desired, dict) and name not in _WHOLE_MAPS:
        before = before if isinstance(before, dict) else {}
        kept = {key: value for key, value in live.items() if key not in desired and key not in before}
        return {**{key: applied(live.get(key), before.get(key), value, key) for key, value in desired.items()}, **kept}
    if isinstance(live, list) and isinstance(desired, list) and name in _KEYS:
        keys = _KEYS[name]
        merged = applied(_by_key(live, keys), _by_key(before or [], keys), _by_key(desired, keys))
        return list(merged.values())
    return desired


def _by_key(items: list[dict[str, Any]], keys: Sequence[str]) -> dict[tuple[object, ...], Any]:
    return {tuple(item.get(key) for key in keys): item for item in items}
