"""What the API server does with an object before it keeps it: fills in, leaves out and refuses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi_fleet.kube.kinds import OPTIONAL, OWNERS, Object

from support.json_copy import copied

_PROBE = {"periodSeconds": 10, "timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3}
_CONTAINER = {"terminationMessagePath": "/dev/termination-log", "imagePullPolicy": "IfNotPresent", "resources": {}}
_SCALING = {"selectPolicy": "Max", "stabilizationWindowSeconds": 300}

FILLED_IN: dict[str, dict[str, Any]] = {
    "containers[]": _CONTAINER,
    "initContainers[]": _CONTAINER,
    "startupProbe": _PROBE,
    "livenessProbe": _PROBE,
    "readinessProbe": _PROBE,
    "httpGet": {"scheme": "HTTP"},
    "fieldRef": {"apiVersion": "v1"},
    "configMap": {"defaultMode": 420},
    "secret": {"defaultMode": 420},
    "ports[]": {"protocol": "TCP"},
    "scaleUp": {"stabilizationWindowSeconds": 0, **_SCALING},
    "scaleDown": _SCALING,
    "strategy": {"type": "RollingUpdate", "rollingUpdate": {}},
    "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    "parentRefs[]": {"group": "gateway.networking.k8s.io", "kind": "Gateway"},
    "backendRefs[]": {"group": "", "kind": "Service", "weight": 1},
    "Service": {
        "clusterIP": "10.96.0.1",
        "clusterIPs": ["10.96.0.1"],
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "sessionAffinity": "None",
        "type": "ClusterIP",
    },
    "Deployment": {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600, "strategy": {}},
    "StatefulSet": {"replicas": 1, "revisionHistoryLimit": 10, "updateStrategy": {"type": "RollingUpdate"}},
    "Job": {"parallelism": 1, "completions": 1, "completionMode": "NonIndexed", "backoffLimit": 6},
    "HorizontalPodAutoscaler": {"minReplicas": 1},
    "Cluster": {"instances": 1, "enablePDB": True, "primaryUpdateStrategy": "unsupervised", "startDelay": 3600},
    "RabbitmqCluster": {"replicas": 1, "service": {"type": "ClusterIP"}, "terminationGracePeriodSeconds": 604800},
    "pod": {
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "terminationGracePeriodSeconds": 30,
        "enableServiceLinks": True,
        "securityContext": {},
    },
}
"""By where it is: a field, an item of a list, the spec of a kind, or the spec of a pod."""

_LEFT_OUT = frozenset({"hostNetwork", "hostPID", "hostIPC", "paused", "minReadySeconds", "value"})
"""Fields whose false, zero or empty text the API server does not keep. A pointer's, and a map's, it does."""

_KEPT_EMPTY = frozenset({"emptyDir", "podSelector", "namespaceSelector", "resources", "securityContext"})
"""Maps that say something by being there."""

_CUSTOM = frozenset(kind.name for kind in (*OPTIONAL, *OWNERS))

_FROZEN = {
    "Deployment": ("selector",),
    "Job": ("selector", "template", "completions", "completionMode", "podFailurePolicy"),
    "StatefulSet": ("selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates"),
}
"""Fields of a kind's spec that stay as they were created."""

_HANDLERS = frozenset({"exec", "grpc", "httpGet", "sleep", "tcpSocket"})


@dataclass(frozen=True)
class Choice:
    """Fields of which at most one is set, or exactly one."""

    fields: frozenset[str]
    is_needed: bool = True


CHOICES = {
    "startupProbe": Choice(_HANDLERS),
    "livenessProbe": Choice(_HANDLERS),
    "readinessProbe": Choice(_HANDLERS),
    "preStop": Choice(_HANDLERS),
    "env[]": Choice(frozenset({"value", "valueFrom"}), is_needed=False),
    "valueFrom": Choice(frozenset({"secretKeyRef", "configMapKeyRef", "fieldRef", "resourceFieldRef"})),
    "envFrom[]": Choice(frozenset({"configMapRef", "secretRef"})),
    "volumes[]": Choice(frozenset({"configMap", "secret", "emptyDir", "persistentVolumeClaim", "hostPath"})),
    "from[]": Choice(frozenset({"ipBlock", "podSelector"}), is_needed=False),
    "to[]": Choice(frozenset({"ipBlock", "podSelector"}), is_needed=False),
    "backend": Choice(frozenset({"service", "resource"})),
    "port": Choice(frozenset({"name", "number"})),
    "spec": Choice(frozenset({"minAvailable", "maxUnavailable"}), is_needed=False),
}


def as_kept(obj: Object) -> Object:
    """The object as the API server keeps it: with its defaults, and without what it does not tell from nothing."""
    obj = copied(obj)
    for place, there in list(_maps(obj)):
        for field, value in FILLED_IN.get(place, {}).items():
            there.setdefault(field, copied(value))
        if place == "volumes[]" and not CHOICES[place].fields & there.keys():
            there["emptyDir"] = {}
        if place == "rules[]" and obj["kind"] == "Job":
            there.setdefault("onPodConditions", None)
        if place == "resources" and obj["kind"] not in _CUSTOM:
            there["requests"] = {**there.get("limits", {}), **there.get("requests", {})}
        if place in {"requests", "limits"} and obj["kind"] not in _CUSTOM:
            there.update({name: "500m" for name, amount in there.items() if amount == "0.5"})
    return obj if obj["kind"] in _CUSTOM else {key: _without_zeros(value) for key, value in obj.items()}


def refusal(before: Object | None, after: Object) -> str | None:
    """Why the API server does not keep `after`. None where it does."""
    frozen = _FROZEN.get(after["kind"], ()) if before is not None else ()
    was, now = (before or {}).get("spec", {}), after.get("spec", {})
    changed = [field for field in frozen if was.get(field) != now.get(field)]
    if changed:
        return f"spec.{changed[0]}: field is immutable"
    return next((f"{place}: {said}" for place, there in _maps(after) if (said := _choice_refused(place, there))), None)


def _choice_refused(place: str, there: Mapping[str, Any]) -> str | None:
    choice = CHOICES.get(place)
    if choice is None:
        return None
    chosen = sorted(choice.fields & there.keys())
    if len(chosen) > 1:
        return f"may not set both {chosen[0]} and {chosen[1]}"
    return "must set one" if choice.is_needed and not chosen else None


def _maps(obj: Object) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every map of the object's spec with its place; the outer ones first, for they may be filled."""
    if "spec" not in obj:
        return
    yield obj["kind"], obj["spec"]
    yield from _inner_maps(obj["spec"], "spec")


def _inner_maps(value: Any, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield ("pod" if "containers" in value else name), value
        for key, inner in list(value.items()):
            yield from _inner_maps(inner, key)
    elif isinstance(value, list):
        for item in value:
            yield from _inner_maps(item, f"{name}[]")


def _says_something_empty(key: str) -> bool:
    """As the fields of a writer do."""
    return key in _KEPT_EMPTY or key.startswith("f:")


def _without_zeros(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_zeros(inner) for key, inner in value.items() if inner or key not in _LEFT_OUT}
        return {key: inner for key, inner in kept.items() if inner not in ([], {}) or _says_something_empty(key)}
    return [_without_zeros(item) for item in value] if isinstance(value, list) else value
