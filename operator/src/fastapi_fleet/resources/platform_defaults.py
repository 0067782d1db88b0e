"""A spec as it runs on its platform: what it says itself, and the platform's defaults where it says nothing.

Whether a field is said is told by its being there: the defaults of a platform are for fields that the API server
never fills in.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from fastapi_fleet.api.defaults_spec import Defaults, IngressDefaults, NetworkDefaults, PodDefaults
from fastapi_fleet.api.exposure_spec import Ingress
from fastapi_fleet.api.network_spec import NetworkPolicy
from fastapi_fleet.api.pod_spec import Pod
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources.environment import variables_of

TAKEN_WHOLE: Final = ("image_pull_policy", "resources", "monitoring", "shutdown")
"""Fields whose parts belong together: one of the platform's beside one of the service's might contradict it."""

PLACEMENT: Final = ("node_selector", "tolerations", "priority_class_name")

Item = TypeVar("Item")


def with_defaults(spec: FastAPIServiceSpec, defaults: Defaults) -> FastAPIServiceSpec:
    """What the spec says wins. A spec that has the defaults already stays as it is."""
    return spec.model_copy(
        update={
            **_unsaid(spec, defaults, TAKEN_WHOLE),
            "image_pull_secrets": _joined(spec.image_pull_secrets, defaults.image_pull_secrets),
            "config": _config(spec, defaults.config),
            "network_policy": _network_policy(spec.network_policy, defaults.network_policy or NetworkDefaults()),
            "ingress": _ingress(spec.ingress, defaults.ingress or IngressDefaults()),
            "pod": _pod(spec.pod, defaults.pod or PodDefaults()),
        }
    )


def taken_from_defaults(own: FastAPIServiceSpec, spec: FastAPIServiceSpec) -> tuple[str, ...]:
    """Fields, in the words of the API, in which `spec` is more than the service's own."""
    if own is spec:
        return ()
    fields = Defaults.model_fields.items()
    return tuple(field.alias or name for name, field in fields if getattr(own, name) != getattr(spec, name))


def _config(spec: FastAPIServiceSpec, defaults: dict[str, str]) -> dict[str, str]:
    """A variable that the service has from anywhere else is not the platform's."""
    said = dict(variables_of(spec))
    return {**{name: value for name, value in defaults.items() if name not in said}, **spec.config}


def _network_policy(policy: NetworkPolicy, defaults: NetworkDefaults) -> NetworkPolicy:
    return policy.model_copy(
        update={
            "from_namespaces": _joined(policy.from_namespaces, defaults.from_namespaces),
            "from_": _joined(policy.from_, defaults.from_),
            "to": _joined(policy.to, defaults.to),
        }
    )


def _ingress(ingress: Ingress | None, defaults: IngressDefaults) -> Ingress | None:
    if ingress is None:
        return None
    annotations = {**defaults.annotations, **ingress.annotations}
    return ingress.model_copy(update={**_unsaid(ingress, defaults, ("class_name",)), "annotations": annotations})


def _pod(pod: Pod, defaults: PodDefaults) -> Pod:
    return pod.model_copy(
        update={
            **_unsaid(pod, defaults, PLACEMENT),
            "labels": {**defaults.labels, **pod.labels},
            "annotations": {**defaults.annotations, **pod.annotations},
        }
    )


def _unsaid(own: BaseModel, defaults: BaseModel, fields: Iterable[str]) -> dict[str, Any]:
    """Of the fields, those that the platform has and the service does not say. Saying that a list is empty counts."""
    return {field: value for field in fields if (value := getattr(defaults, field)) and not _says(own, field)}


def _says(own: BaseModel, field: str) -> bool:
    return field in own.model_fields_set and getattr(own, field) is not None


def _joined(own: Sequence[Item], defaults: Sequence[Item]) -> list[Item]:
    return [*own, *(item for item in defaults if item not in own)]
