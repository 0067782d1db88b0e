"""What somebody else put into a list or map that is wholly the operator's, and how to take it out again.

Server-side apply removes only fields of its own manager: an added port, variable or selector label would stay for ever.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeGuard

from fastapi_fleet.constants import GROUP
from fastapi_fleet.resources.manifest import Manifest

JsonPatch = list[dict[str, Any]]

CLOSED: Final = frozenset(
    {
        *("NetworkPolicy", "PodDisruptionBudget"),
        *("data", "requests", "limits", "nodeSelector", "securityContext", "capabilities", "seccompProfile"),
        *("selector", "podSelector", "namespaceSelector", "labelSelector", "matchLabels", "matchExpressions[]"),
        *("ingress[]", "egress[]", "from[]", "to[]", "ipBlock", "ports[]"),
        *("env[]", "valueFrom", "secretKeyRef", "configMapKeyRef", "envFrom[]", "secretRef", "configMapRef"),
        *("volumes[]", "configMap", "secret", "emptyDir", "persistentVolumeClaim", "items[]", "volumeMounts[]"),
        *("startupProbe", "livenessProbe", "readinessProbe", "lifecycle", "preStop"),
        *("exec", "httpGet", "sleep", "tcpSocket", "imagePullSecrets[]", "strategy", "rollingUpdate"),
        *("affinity", "nodeAffinity", "podAffinity", "podAntiAffinity", "podAffinityTerm", "preference"),
        *("requiredDuringSchedulingIgnoredDuringExecution", "requiredDuringSchedulingIgnoredDuringExecution[]"),
        *("preferredDuringSchedulingIgnoredDuringExecution[]", "nodeSelectorTerms[]"),
        *("tolerations[]", "topologySpreadConstraints[]"),
        *("scaleTargetRef", "metrics[]", "resource", "target", "policies[]"),
        *("rules[]", "tls[]", "http", "paths[]", "backend", "service", "port"),
        *("parentRefs[]", "matches[]", "path", "backendRefs[]", "endpoints[]"),
    }
)
"""Maps in which a key that the manifest lacks changes what runs, or who is let in.

By the field, `[]` for the items of a list, or the kind whose spec it is. Labels and annotations are open to everybody,
but for annotations of the operator's own group.
"""

_FROZEN: Final = frozenset({"template", "podFailurePolicy"})
"""Of a Job's spec, what nobody can change once it is there: what admission has made of it stays."""

_PROBE: Final = {"periodSeconds": 10, "timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3}
_MODE: Final = {"defaultMode": 0o644}

_FILLED_IN: Final[Mapping[str, Mapping[str, object]]] = {
    "startupProbe": _PROBE,
    "livenessProbe": _PROBE,
    "readinessProbe": _PROBE,
    "configMap": _MODE,
    "secret": _MODE,
    "parentRefs[]": {"group": "gateway.networking.k8s.io", "kind": "Gateway"},
    "backendRefs[]": {"group": "", "kind": "Service", "weight": 1},
}
"""What the API server puts into closed maps by itself."""

_IDENTITY = (
    *("name", "namespace", "sectionName", "containerPort", "port", "protocol", "mountPath"),
    *("topologyKey", "whenUnsatisfiable"),
)
"""Fields by which the API tells the items of a list apart."""


def removal_of_strays(live: Manifest, desired: Manifest) -> JsonPatch:
    """JSON Patch (RFC 6902) that takes strays out of `live`; empty where there are none.

    Fields with another value are not its concern: applying the manifest mends those.
    """
    return [*_annotations(live, desired), *_contents(live, changeable(desired))]


def changeable(manifest: Manifest) -> Manifest:
    """What of a manifest an object that is there can be brought to."""
    if manifest["kind"] != "Job":
        return manifest
    return {**manifest, "spec": {key: value for key, value in manifest["spec"].items() if key not in _FROZEN}}


def _annotations(live: Manifest, desired: Manifest) -> Iterator[dict[str, Any]]:
    """Of the operator's own group: a pass would take them for its own."""
    there, wanted = (obj.get("metadata", {}).get("annotations") or {} for obj in (live, desired))
    for key in there:
        if key.startswith(f"{GROUP}/") and key not in wanted:
            yield {"op": "remove", "path": f"/metadata/annotations/{escaped(key)}"}


def _contents(live: Manifest, desired: Manifest) -> Iterator[dict[str, Any]]:
    spec = desired["kind"] if desired["kind"] in CLOSED else "spec"
    for key in desired:
        if key in live and key not in {"apiVersion", "kind", "metadata"}:
            yield from _strays(live[key], desired[key], f"/{key}", spec if key == "spec" else key)


def _strays(live: object, desired: object, path: str, place: str) -> Iterator[dict[str, Any]]:
    if isinstance(live, Mapping) and isinstance(desired, Mapping):
        wanted = _with_requests(desired) if place == "resources" else desired
        yield from _strays_of_map(live, wanted, path, place)
    elif is_list_of_maps(live) and is_list_of_maps(desired):
        yield from _strays_of_list(live, desired, path, place)


def _with_requests(resources: Mapping[str, Any]) -> Mapping[str, Any]:
    """The API server takes the limit for the request where a container has no other."""
    return {**resources, "requests": {**resources.get("limits", {}), **resources.get("requests", {})}}


def _strays_of_map(
    live: Mapping[str, object], desired: Mapping[str, object], path: str, place: str
) -> Iterator[dict[str, Any]]:
    added = [key for key in live if key not in desired and _is_closed_to(place, key, live[key])]
    if added and not desired.keys() <= live.keys():
        # What was put in the place of another may exclude it: neither would the API take both, nor none.
        yield {"op": "replace", "path": path, "value": desired}
        return
    yield from ({"op": "remove", "path": f"{path}/{escaped(key)}"} for key in added)
    for key, value in desired.items():
        if key in live:
            yield from _strays(live[key], value, f"{path}/{escaped(key)}", key)


def _is_closed_to(place: str, key: str, value: object) -> bool:
    filled_in = _FILLED_IN.get(place, {})
    return place in CLOSED and not (key in filled_in and filled_in[key] == value)


def _strays_of_list(
    live: Sequence[Mapping[str, object]], desired: Sequence[Mapping[str, object]], path: str, place: str
) -> Iterator[dict[str, Any]]:
    wanted, found = identities(desired), identities(live)
    whole = {"op": "replace", "path": path, "value": desired}
    if found != wanted:
        if any(identity not in wanted for identity in found):
            yield whole
            return
        desired = [desired[wanted.index(identity)] for identity in found]
    within = [
        operation
        for at, (there, item) in enumerate(zip(live, desired, strict=True))
        for operation in _strays(there, item, f"{path}/{at}", f"{place}[]")
    ]
    # Where items have no names, one that is gone has the others compared with what they never were.
    yield from [whole] if within and any(map(_is_position, found)) else within


def is_list_of_maps(value: object) -> TypeGuard[Sequence[Mapping[str, object]]]:
    return (
        isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(item, Mapping) for item in value)
    )


def identities(items: Sequence[Mapping[str, object]]) -> list[tuple[object, ...]]:
    """Items that have none of the fields are told apart by where they stand."""
    return [_identity(item) or (at,) for at, item in enumerate(items)]


def _is_position(identity: tuple[object, ...]) -> bool:
    return len(identity) == 1


def _identity(item: Mapping[str, object]) -> tuple[object, ...]:
    identity = tuple(item.get(field) for field in _IDENTITY)
    return () if all(value is None for value in identity) else identity


def escaped(key: str) -> str:
    """A key as one step of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
