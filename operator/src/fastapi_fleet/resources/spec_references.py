"""Every Secret and ConfigMap that a spec refers to, in the order of its fields."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from fastapi_fleet.api.env_spec import EnvVar, EnvVarSource, KeySelector, ObjectReference
from fastapi_fleet.api.pod_spec import ConfigMapVolume, Pod, SecretVolume
from fastapi_fleet.api.service_spec import FastAPIServiceSpec

ReferenceKind = Literal["Secret", "ConfigMap"]

Keys = frozenset[str] | None
"""Of an object's data; None is all of it."""


@dataclass(frozen=True)
class Reference:
    """An object of the service's own namespace that `field_name` of the spec names. `keys`: what pods read of it."""

    kind: ReferenceKind
    name: str
    field_name: str
    optional: bool
    keys: Keys


def referenced(spec: FastAPIServiceSpec) -> Iterator[Reference]:
    for at, secret in enumerate(spec.secrets):
        if secret.name is not None:
            keys = frozenset({secret.key or ""})
            yield Reference("Secret", secret.name, f"spec.secrets[{at}].name", optional=False, keys=keys)
    yield from _by_variables("spec.env", spec.env)
    for at, wholesale in enumerate(spec.env_from):
        yield from _named("Secret", wholesale.secret_ref, f"spec.envFrom[{at}]")
        yield from _named("ConfigMap", wholesale.config_map_ref, f"spec.envFrom[{at}]")
    yield from _by_pod(spec.pod)


def _by_variables(field_name: str, variables: Iterable[EnvVar]) -> Iterator[Reference]:
    for at, variable in enumerate(variables):
        source = variable.value_from or EnvVarSource()
        yield from _named("Secret", source.secret_key_ref, f"{field_name}[{at}].valueFrom")
        yield from _named("ConfigMap", source.config_map_key_ref, f"{field_name}[{at}].valueFrom")


def _by_pod(pod: Pod) -> Iterator[Reference]:
    for at, volume in enumerate(pod.volumes):
        field_name = f"spec.pod.volumes[{at}]"
        if volume.secret is not None:
            name, optional = volume.secret.secret_name, bool(volume.secret.optional)
            yield Reference("Secret", name, f"{field_name}.secret", optional, _keys(volume.secret))
        yield from _named("ConfigMap", volume.config_map, f"{field_name}.configMap")
    for list_name, containers in (("initContainers", pod.init_containers), ("sidecars", pod.sidecars)):
        for at, container in enumerate(containers):
            yield from _by_variables(f"spec.pod.{list_name}[{at}].env", container.env)


def _named(
    kind: ReferenceKind, selector: KeySelector | ObjectReference | ConfigMapVolume | None, field_name: str
) -> Iterator[Reference]:
    if selector is not None:
        yield Reference(kind, selector.name, field_name, bool(selector.optional), _keys(selector))


def _keys(selector: KeySelector | ObjectReference | ConfigMapVolume | SecretVolume) -> Keys:
    match selector:
        case KeySelector(key=key):
            return frozenset({key})
        case ConfigMapVolume(items=[_, *_] as files) | SecretVolume(items=[_, *_] as files):
            return frozenset(file.key for file in files)
        case _:
            return None
